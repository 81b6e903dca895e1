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

// ClockSkew is by how much the clocks of servers that share a Store may differ.
const ClockSkew = 5 * time.Second

// Counts reports whether an attempt made at that time still counts. An attempt
// later than now, by more than ClockSkew, was made before the clock was set back
// and does not count, or it would keep the bucket closed for longer than Per.
func (b Bucket) Counts(at, now time.Time) bool {
	age := now.Sub(at)
	return -ClockSkew <= age && age < b.Per
}

// Refusal is a bucket that takes no more attempts for a while.
type Refusal struct {
	// Key is that of the bucket.
	Key string
	// Wait is how long until the bucket takes another attempt: more than zero,
	// and at most Per.
	Wait time.Duration
}

// Store keeps counters. Implementations must be safe for concurrent use; where
// several servers share the work they share the store.
type Store interface {
	// ChargeBuckets counts an attempt under each bucket, in order and in one
	// atomic step, until one is exhausted, and returns that one; nil if none is.
	// The buckets before it stay charged, the exhausted one does not grow. id
	// names the attempt. Bucket.Counts says which earlier attempts count. Inside
	// of a transaction that fails nothing need be counted.
	ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []Bucket) (*Refusal, error)
	// PeekBuckets returns what ChargeBuckets would return, and counts nothing.
	PeekBuckets(ctx context.Context, now time.Time, buckets []Bucket) (*Refusal, error)
	// RefundBuckets removes the attempt with that id from the buckets. Nothing
	// to remove is not an error.
	RefundBuckets(ctx context.Context, id string, buckets []Bucket) error
	// ResetBuckets forgets all attempts under those keys.
	ResetBuckets(ctx context.Context, keys []string) error
}
