package ratelimit

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxBuckets bounds the memory of a MemoryStore, as clients choose the keys.
const maxBuckets = 200_000

// minSweep is the least number of new buckets after which expired ones are
// dropped.
const minSweep = 1024

// MemoryStore counts in the memory of one process. It is safe for concurrent use.
// Its memory is bounded: beyond 200,000 counters it drops arbitrary ones.
type MemoryStore struct {
	mu      sync.Mutex
	buckets map[string]*window
	created int // since the last sweep
}

type window struct {
	hits []hit
	per  time.Duration
}

type hit struct {
	at time.Time
	id string
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{buckets: map[string]*window{}} }

// ChargeBuckets implements Store.
func (m *MemoryStore) ChargeBuckets(_ context.Context, now time.Time, id string, buckets []Bucket) (*Refusal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range buckets {
		w := m.window(b, now)
		if wait := w.wait(b, now); wait > 0 {
			return &Refusal{b.Key, wait}, nil
		}
		w.hits = append(w.hits, hit{now, id})
	}
	return nil, nil
}

// PeekBuckets implements Store.
func (m *MemoryStore) PeekBuckets(_ context.Context, now time.Time, buckets []Bucket) (*Refusal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range buckets {
		if w := m.buckets[b.Key]; w != nil {
			w.expire(now)
			if wait := w.wait(b, now); wait > 0 {
				return &Refusal{b.Key, wait}, nil
			}
		}
	}
	return nil, nil
}

// RefundBuckets implements Store.
func (m *MemoryStore) RefundBuckets(_ context.Context, _ time.Time, id string, buckets []Bucket) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range buckets {
		if w := m.buckets[b.Key]; w != nil {
			w.hits = slices.DeleteFunc(w.hits, func(h hit) bool { return h.id == id })
		}
	}
	return nil
}

// ResetBuckets implements Store.
func (m *MemoryStore) ResetBuckets(_ context.Context, keys []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		delete(m.buckets, key)
	}
	return nil
}

func (m *MemoryStore) window(b Bucket, now time.Time) *window {
	w := m.buckets[b.Key]
	if w == nil {
		if m.created++; m.created > max(minSweep, len(m.buckets)/2) || len(m.buckets) >= maxBuckets {
			m.sweep(now)
		}
		w = &window{per: b.Per}
		m.buckets[b.Key] = w
	}
	w.expire(now)
	return w
}

// sweep drops expired buckets and, if that is not enough, arbitrary others.
func (m *MemoryStore) sweep(now time.Time) {
	m.created = 0
	for key, w := range m.buckets {
		if w.expire(now); len(w.hits) == 0 {
			delete(m.buckets, key)
		}
	}
	for key := range m.buckets {
		if len(m.buckets) < maxBuckets*9/10 {
			return
		}
		delete(m.buckets, key)
	}
}

func (w *window) expire(now time.Time) {
	b := Bucket{Per: w.per}
	w.hits = slices.DeleteFunc(w.hits, func(h hit) bool { return !b.Counts(h.at, now) })
}

// wait returns how long the bucket accepts no attempt.
func (w *window) wait(b Bucket, now time.Time) time.Duration {
	if len(w.hits) < b.Amount {
		return 0
	}
	oldest := w.hits[len(w.hits)-b.Amount]
	return min(max(oldest.at.Add(b.Per).Sub(now), time.Millisecond), b.Per)
}
