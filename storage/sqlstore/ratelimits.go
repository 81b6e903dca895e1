package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/ratelimit"
)

// A bucket is one row, which holds no more attempts than are allowed. It is read
// without a lock, and replaced if it has not changed since: a refused attempt
// waits for no other. One statement replaces several rows, without a transaction.
// It may replace only some of them; the next read shows which, as these rows hold
// the attempt.

var _ ratelimit.Store = (*Store)(nil)

// hit is an attempt in a bucket. A refund searches for its JSON as a text, so its
// format must not change.
type hit struct {
	At int64  `json:"t"` // microseconds
	ID string `json:"id"`
}

// counter is a bucket as stored, and its new value.
type counter struct {
	key     string
	read    string // empty: there is no row
	hits    []hit
	expires time.Time
}

// errRaced means that other callers changed the counters in every try.
var errRaced = errors.New("sqlstore: count attempt: the counters keep changing")

// maxCharges is how often a counter that other callers change is read again. Of
// any number of concurrent callers one succeeds each time.
const maxCharges = 100

// ChargeBuckets implements ratelimit.Store. In a transaction that fails nothing
// is counted.
func (s *Store) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	for try := 1; ; try++ {
		stored, err := s.counters(ctx, buckets)
		if err != nil {
			return nil, err
		}
		var refusal *ratelimit.Refusal
		var due []*counter
		var surplus []ratelimit.Bucket // charged by an earlier try, after the bucket that refuses now
		for _, b := range buckets {
			c := stored[b.Key]
			charged := slices.ContainsFunc(c.hits, func(h hit) bool { return h.ID == id })
			switch {
			case charged && refusal != nil:
				surplus = append(surplus, b)
			case charged || refusal != nil:
			default:
				c.hits = recent(c.hits, now, b)
				if refusal = exhausted(c.hits, now, b); refusal == nil {
					c.hits, c.expires = append(c.hits, hit{micros(now), id}), now.Add(b.Per)
					due = append(due, c)
				}
			}
		}
		if err := s.RefundBuckets(ctx, now, id, surplus); err != nil {
			return nil, err
		}
		swapped, err := s.swap(ctx, due)
		if err != nil || swapped {
			return refusal, err
		}
		if try == maxCharges {
			return nil, errRaced
		}
		if err := pause(ctx, min(try, maxTries)); err != nil {
			return nil, err
		}
	}
}

// counters reads the counters of the buckets, by their keys.
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
		`SELECT id, hits FROM {rate_limits} WHERE id IN (`+repeated("?", ", ", len(keys))+`)`, keys,
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

// swap replaces the counters that have not changed since they were read, and
// reports whether it replaced all. Like all statements here it locks rows in the
// order of their keys, so that no two callers wait for each other.
func (s *Store) swap(ctx context.Context, list []*counter) (bool, error) {
	if len(list) == 0 {
		return true, nil
	}
	slices.SortFunc(list, func(a, b *counter) int { return strings.Compare(a.key, b.key) })
	var values, unchanged []any
	for _, c := range list {
		text, err := json.Marshal(c.hits)
		if err != nil {
			return false, fmt.Errorf("sqlstore: count attempt: %w", err)
		}
		values = append(values, c.key, string(text), micros(c.expires))
		unchanged = append(unchanged, c.key, c.read) // no row holds an empty text
	}
	text := `INSERT INTO {rate_limits} (id, hits, expires_at) VALUES ` + repeated("(?, ?, ?)", ", ", len(list)) +
		strings.ReplaceAll(s.dialect.swap, "{unchanged}", repeated("{rate_limits}.id = ? AND {rate_limits}.hits = ?", " OR ", len(list)))
	for range strings.Count(s.dialect.swap, "{unchanged}") {
		values = append(values, unchanged...)
	}
	n, err := s.exec(ctx, "count attempt", text, values...)
	if isOutOfRange(err) {
		return false, nil
	}
	return n >= int64(len(list)), err // MySQL counts a replaced row twice
}

// repeated returns a text n times, with separators.
func repeated(text, separator string, n int) string {
	return text + strings.Repeat(separator+text, n-1)
}

// recent returns the attempts that still count.
func recent(hits []hit, now time.Time, b ratelimit.Bucket) []hit {
	return slices.DeleteFunc(hits, func(h hit) bool { return !b.Counts(fromMicros(h.At), now) })
}

// exhausted returns the refusal of a bucket that accepts no more attempts, or
// nil.
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

// RefundBuckets implements ratelimit.Store. The time and the id give the text of
// the attempt in its rows, which is removed without reading them first.
func (s *Store) RefundBuckets(ctx context.Context, at time.Time, id string, buckets []ratelimit.Bucket) error {
	text, err := json.Marshal(hit{micros(at), id})
	if err != nil {
		return fmt.Errorf("sqlstore: refund attempt: %w", err)
	}
	keys := make([]string, len(buckets))
	for i, b := range buckets {
		keys[i] = b.Key
	}
	entry := string(text)
	return s.updateCounters(ctx, "refund attempt", `REPLACE(REPLACE(REPLACE(hits, ?, ''), ?, ''), ?, '')`, keys, ","+entry, entry+",", entry)
}

// ResetBuckets implements ratelimit.Store. The rows are kept until they expire: a
// concurrent attempt that has read a deleted row would insert it again.
func (s *Store) ResetBuckets(ctx context.Context, keys []string) error {
	return s.updateCounters(ctx, "forget attempts", `'[]'`, keys)
}

// updateCounters changes the attempts of all counters with those keys.
func (s *Store) updateCounters(ctx context.Context, what, hits string, keys []string, args ...any) error {
	if len(keys) == 0 {
		return nil
	}
	for _, key := range keys {
		args = append(args, key)
	}
	_, err := s.exec(ctx, what, `UPDATE {rate_limits} SET hits = `+hits+` WHERE `+
		strings.ReplaceAll(s.dialect.lockedInOrder, "{ids}", repeated("?", ", ", len(keys))), args...)
	return err
}
