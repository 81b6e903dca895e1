package ratelimit

import (
	"sync"
	"time"
)

const (
	// fullFor is how long a limiter refuses by itself what the store refused
	// last. Refunds and resets on other servers are seen afterwards.
	fullFor = time.Second
	// maxFull bounds how many buckets a limiter remembers as full.
	maxFull = 10_000
)

// fullBuckets are the buckets that the store has just refused. It is safe for
// concurrent use; the zero value is ready.
type fullBuckets struct {
	mu    sync.Mutex
	seen  map[string]sighting
	swept time.Time
}

// sighting is a bucket that was full. The library's clock, which tests move, says
// until when; the machine's clock ends it where the library's stands still.
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

// split returns the buckets before the first one that was just seen full, and the
// refusal of that one; all of them and nil if none was.
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

// forget reopens buckets.
func (f *fullBuckets) forget(keys ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range keys {
		delete(f.seen, key)
	}
}
