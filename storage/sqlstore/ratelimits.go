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

// A bucket is one row, which is locked while an attempt is counted. It holds no
// more attempts than are allowed.

var _ ratelimit.Store = (*Store)(nil)

// hit is one attempt in a bucket.
type hit struct {
	At int64  `json:"t"` // microseconds
	ID string `json:"id"`
}

// ChargeBuckets implements ratelimit.Store. Inside of a transaction that fails
// nothing is counted.
func (s *Store) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []ratelimit.Bucket) (refusal *ratelimit.Refusal, err error) {
	err = s.atomically(ctx, func(ctx context.Context) error {
		// All callers lock in one order, so that none waits for another in a
		// circle.
		counted := map[string][]hit{}
		for _, b := range inOrder(buckets) {
			hits, err := s.lockBucket(ctx, b, now)
			if err != nil {
				return err
			}
			counted[b.Key] = recent(hits, now, b)
		}
		refusal = nil
		for _, b := range buckets {
			if refusal = exhausted(counted[b.Key], now, b); refusal != nil {
				return nil
			}
			counted[b.Key] = append(counted[b.Key], hit{micros(now), id})
			if err := s.storeHits(ctx, b.Key, counted[b.Key], now.Add(b.Per)); err != nil {
				return err
			}
		}
		return nil
	})
	return refusal, err
}

func inOrder(buckets []ratelimit.Bucket) []ratelimit.Bucket {
	return slices.SortedFunc(slices.Values(buckets), func(a, b ratelimit.Bucket) int { return strings.Compare(a.Key, b.Key) })
}

// lockBucket locks a bucket until the transaction ends, and makes it if there
// is none.
func (s *Store) lockBucket(ctx context.Context, b ratelimit.Bucket, now time.Time) ([]hit, error) {
	for range maxTries { // another caller may make it first, or delete it
		hits, err := s.hits(ctx, b.Key, s.dialect.forUpdate)
		if !errors.Is(err, authn.ErrNotFound) {
			return hits, err
		}
		err = s.insert(ctx, "count attempt", `{rate_limits} (id, hits, expires_at) VALUES (?, '[]', ?)`, b.Key, micros(now.Add(b.Per)))
		if err != nil && !errors.Is(err, authn.ErrConflict) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("sqlstore: count attempt: the counter is deleted time and again")
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

func (s *Store) hits(ctx context.Context, key, lock string) ([]hit, error) {
	var text []byte
	if err := s.row(ctx, "look up attempts", `SELECT hits FROM {rate_limits} WHERE id = ? `+lock, []any{key}, &text); err != nil {
		return nil, err
	}
	var hits []hit
	if err := json.Unmarshal(text, &hits); err != nil {
		return nil, fmt.Errorf("sqlstore: look up attempts: %w", err)
	}
	return hits, nil
}

func (s *Store) storeHits(ctx context.Context, key string, hits []hit, expires time.Time) error {
	text, err := json.Marshal(hits)
	if err != nil {
		return fmt.Errorf("sqlstore: count attempt: %w", err)
	}
	_, err = s.exec(ctx, "count attempt", `UPDATE {rate_limits} SET hits = ?, expires_at = ? WHERE id = ?`, string(text), micros(expires), key)
	return err
}

// PeekBuckets implements ratelimit.Store.
func (s *Store) PeekBuckets(ctx context.Context, now time.Time, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	for _, b := range buckets {
		hits, err := s.hits(ctx, b.Key, "")
		if errors.Is(err, authn.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if refusal := exhausted(recent(hits, now, b), now, b); refusal != nil {
			return refusal, nil
		}
	}
	return nil, nil
}

// RefundBuckets implements ratelimit.Store.
func (s *Store) RefundBuckets(ctx context.Context, id string, buckets []ratelimit.Bucket) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		for _, b := range inOrder(buckets) {
			hits, err := s.hits(ctx, b.Key, s.dialect.forUpdate)
			if errors.Is(err, authn.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			kept := slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.ID == id })
			if len(kept) == len(hits) {
				continue
			}
			text, err := json.Marshal(kept)
			if err != nil {
				return fmt.Errorf("sqlstore: refund attempt: %w", err)
			}
			if _, err := s.exec(ctx, "refund attempt", `UPDATE {rate_limits} SET hits = ? WHERE id = ?`, string(text), b.Key); err != nil {
				return err
			}
		}
		return nil
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
