package ratelimit

import (
	"sync"
	"time"
)

const (
	// fullFor is how long a limiter refuses attempts that the store has just
	// refused, without asking it again. Refunds and resets of other servers take
	// effect after that.
	fullFor = time.Second
	// maxFull is the largest number of buckets that a limiter remembers as full.
	maxFull = 10_000
)

// fullBuckets are the buckets that the store has just refused. The zero value is
// empty. It is safe for concurrent use.
type fullBuckets struct {
	mu    sync.Mutex
	seen  map[string]sighting
	swept time.Time
}

// sighting is when a bucket was full. It ends by the library's clock, which tests
// move, or by the machine's clock if the library's stands still.
type sighting struct {
	at, opens time.Time
	real      time.Time
}

func (s sighting) holds(now time.Time) bool {
	return !now.Before(s.at) && now.Before(s.opens) && now.Sub(s.at) < fullFor && time.Since(s.real) < fullFor
}

// note remembers a bucket that the store refused.
func (f *fullBuckets) note(now time.Time, r *Refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = map[string]sighting{}
	}
	if len(f.seen) >= maxFull && time.Since(f.swept) >= fullFor {
		f.swept = time.Now()
		for key, s := range f.seen {
			if !s.holds(now) {
				delete(f.seen, key)
			}
		}
	}
	if len(f.seen) < maxFull {
		f.seen[r.Key] = sighting{at: now, opens: now.Add(r.Wait), real: time.Now()}
	}
}

// split returns the buckets before the first one that is remembered as full, and
// the refusal of that one. If none is, it returns all buckets and nil.
func (f *fullBuckets) split(now time.Time, buckets []Bucket) ([]Bucket, *Refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, b := range buckets {
		if s, ok := f.seen[b.Key]; ok && s.holds(now) {
			return buckets[:i], &Refusal{Key: b.Key, Wait: s.opens.Sub(now)}
		}
	}
	return buckets, nil
}

// forget removes buckets, so that the store is asked again.
func (f *fullBuckets) forget(keys ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range keys {
		delete(f.seen, key)
	}
}
