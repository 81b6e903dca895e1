package ratelimit

import (
	"context"
	"time"
)

// Bucket is one counter: at most Amount attempts in any period of length Per.
type Bucket struct {
	Key    string
	Amount int
	Per    time.Duration

	scope Scope
}

// Store keeps counters. Implementations must be safe for concurrent use; where
// several servers share the work they share the store.
type Store interface {
	// Take counts an attempt under each bucket, in order and in one atomic
	// step, until one is exhausted: then it returns how long to wait, which is
	// more than zero. The buckets before stay charged, the exhausted one does
	// not grow. id names the attempt.
	Take(ctx context.Context, now time.Time, id string, buckets []Bucket) (wait time.Duration, err error)
	// Peek returns what Take would return, and counts nothing.
	Peek(ctx context.Context, now time.Time, buckets []Bucket) (wait time.Duration, err error)
	// Refund removes the attempt with that id from the buckets. Nothing to
	// remove is not an error.
	Refund(ctx context.Context, id string, buckets []Bucket) error
	// Reset forgets all attempts under those keys.
	Reset(ctx context.Context, keys []string) error
}
