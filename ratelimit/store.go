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
// several servers share the work they share the store. A bucket that was never
// charged is empty. A call with a cancelled context returns the context's error and
// changes nothing, or does what it is for.
type Store interface {
	// ChargeBuckets counts an attempt under each bucket, in order, until one is
	// exhausted, and returns that one; nil if none is. Bucket.Counts says which
	// earlier attempts count. The buckets before the exhausted one stay charged, the
	// exhausted one and those after it do not grow. id names the attempt, and no two
	// buckets of a call have the same key.
	//
	// Of any number of calls at once no more are let through than a bucket takes. A
	// bucket may hold the attempt for a moment before another bucket refuses it.
	//
	// After an error the attempt may be counted under some buckets, as a connection
	// can be lost after the database has written; RefundBuckets takes it back. Inside
	// of a transaction that fails nothing need be counted.
	ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []Bucket) (*Refusal, error)
	// PeekBuckets returns what ChargeBuckets would return, and counts nothing.
	PeekBuckets(ctx context.Context, now time.Time, buckets []Bucket) (*Refusal, error)
	// RefundBuckets removes the attempt with that id, which was charged at that
	// time, from the buckets. Attempts of other calls at once stay. Nothing to remove
	// is not an error.
	RefundBuckets(ctx context.Context, at time.Time, id string, buckets []Bucket) error
	// ResetBuckets forgets all attempts under those keys, which may be of no bucket. An
	// attempt that is charged at the same time counts or is forgotten.
	ResetBuckets(ctx context.Context, keys []string) error
}
