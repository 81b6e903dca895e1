package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/ratelimit"
)

// A bucket is one row, which holds no more attempts than are allowed. It is read
// without a lock and written provided that it is still as it was read: an attempt
// that is refused waits for nobody.

var _ ratelimit.Store = (*Store)(nil)

// hit is one attempt in a bucket.
type hit struct {
	At int64  `json:"t"` // microseconds
	ID string `json:"id"`
}

// counter is a bucket as it is stored, and what it shall become.
type counter struct {
	key     string
	read    string // empty: there is no row
	hits    []hit
	expires time.Time // zero: as before
}

// errRaced means that another caller changed a counter since it was read.
var errRaced = errors.New("sqlstore: the counter has changed")

// maxCharges is how often a counter is read again that others change: of any
// number of callers at once one succeeds each time.
const maxCharges = 100

// untilCurrent calls f again while other callers change what it read.
func (s *Store) untilCurrent(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if !errors.Is(err, errRaced) || try == maxCharges {
			return err
		}
		if err := pause(ctx, min(try, maxTries)); err != nil {
			return err
		}
	}
}

// ChargeBuckets implements ratelimit.Store. Inside of a transaction that fails
// nothing is counted.
func (s *Store) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []ratelimit.Bucket) (refusal *ratelimit.Refusal, err error) {
	err = s.untilCurrent(ctx, func() error {
		stored, err := s.counters(ctx, buckets)
		if err != nil {
			return err
		}
		var charged []*counter
		refusal = nil
		for _, b := range buckets {
			c := stored[b.Key]
			c.hits = recent(c.hits, now, b)
			if refusal = exhausted(c.hits, now, b); refusal != nil {
				break
			}
			c.hits, c.expires = append(c.hits, hit{micros(now), id}), now.Add(b.Per)
			if !slices.Contains(charged, c) {
				charged = append(charged, c)
			}
		}
		return s.storeCounters(ctx, charged)
	})
	return refusal, err
}

// counters reads the counters of the buckets by their keys.
func (s *Store) counters(ctx context.Context, buckets []ratelimit.Bucket) (map[string]*counter, error) {
	found := map[string]*counter{}
	var keys []any
	for _, b := range buckets {
		if found[b.Key] == nil {
			found[b.Key] = &counter{key: b.Key}
			keys = append(keys, b.Key)
		}
	}
	if len(keys) == 0 {
		return found, nil
	}
	list, err := rows(ctx, s, "look up attempts",
		`SELECT id, hits FROM {rate_limits} WHERE id IN (?`+strings.Repeat(", ?", len(keys)-1)+`)`, keys,
		func(scan func(...any) error) ([2]string, error) {
			var row [2]string
			return row, scan(&row[0], &row[1])
		})
	if err != nil {
		return nil, err
	}
	for _, row := range list {
		c := found[row[0]]
		c.read = row[1]
		if err := json.Unmarshal([]byte(row[1]), &c.hits); err != nil {
			return nil, fmt.Errorf("sqlstore: look up attempts: %w", err)
		}
	}
	return found, nil
}

// storeCounters writes all counters or none: errRaced if one is not as it was
// read. They are written in one order, so that no two callers wait for each other.
func (s *Store) storeCounters(ctx context.Context, list []*counter) error {
	if len(list) == 1 {
		return s.storeCounter(ctx, list[0])
	}
	slices.SortFunc(list, func(a, b *counter) int { return strings.Compare(a.key, b.key) })
	if len(list) == 0 {
		return nil
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		for _, c := range list {
			if err := s.storeCounter(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) storeCounter(ctx context.Context, c *counter) error {
	text, err := json.Marshal(c.hits)
	if err != nil {
		return fmt.Errorf("sqlstore: count attempt: %w", err)
	}
	switch {
	case c.read == "":
		err = s.insert(ctx, "count attempt", `{rate_limits} (id, hits, expires_at) VALUES (?, ?, ?)`, c.key, string(text), micros(c.expires))
	case c.expires.IsZero():
		err = s.execOne(ctx, "refund attempt", errRaced, `UPDATE {rate_limits} SET hits = ? WHERE id = ? AND hits = ?`, string(text), c.key, c.read)
	default:
		err = s.execOne(ctx, "count attempt", errRaced,
			`UPDATE {rate_limits} SET hits = ?, expires_at = ? WHERE id = ? AND hits = ?`, string(text), micros(c.expires), c.key, c.read)
	}
	if errors.Is(err, authn.ErrConflict) {
		return errRaced
	}
	return err
}

// recent drops the attempts that no longer count.
func recent(hits []hit, now time.Time, b ratelimit.Bucket) []hit {
	return slices.DeleteFunc(hits, func(h hit) bool { return !b.Counts(fromMicros(h.At), now) })
}

// exhausted returns the refusal of a bucket that takes no more attempts, or nil.
func exhausted(hits []hit, now time.Time, b ratelimit.Bucket) *ratelimit.Refusal {
	if len(hits) < b.Amount {
		return nil
	}
	oldest := fromMicros(hits[len(hits)-b.Amount].At)
	return &ratelimit.Refusal{Key: b.Key, Wait: min(max(oldest.Add(b.Per).Sub(now), time.Millisecond), b.Per)}
}

// PeekBuckets implements ratelimit.Store.
func (s *Store) PeekBuckets(ctx context.Context, now time.Time, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	stored, err := s.counters(ctx, buckets)
	if err != nil {
		return nil, err
	}
	for _, b := range buckets {
		if refusal := exhausted(recent(stored[b.Key].hits, now, b), now, b); refusal != nil {
			return refusal, nil
		}
	}
	return nil, nil
}

// RefundBuckets implements ratelimit.Store.
func (s *Store) RefundBuckets(ctx context.Context, id string, buckets []ratelimit.Bucket) error {
	return s.untilCurrent(ctx, func() error {
		stored, err := s.counters(ctx, buckets)
		if err != nil {
			return err
		}
		var changed []*counter
		for _, c := range stored {
			before := len(c.hits)
			c.hits = slices.DeleteFunc(c.hits, func(h hit) bool { return h.ID == id })
			if len(c.hits) < before {
				changed = append(changed, c)
			}
		}
		return s.storeCounters(ctx, changed)
	})
}

// ResetBuckets implements ratelimit.Store.
func (s *Store) ResetBuckets(ctx context.Context, keys []string) error {
	for _, key := range keys {
		if _, err := s.exec(ctx, "forget attempts", `DELETE FROM {rate_limits} WHERE id = ?`, key); err != nil {
			return err
		}
	}
	return nil
}
