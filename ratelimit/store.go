package ratelimit

import (
	"context"
	"time"
)

// Bucket is a counter that allows at most Amount attempts in any period of length
// Per.
type Bucket struct {
	Key    string
	Amount int
	Per    time.Duration

	scope Scope
}

// ClockSkew is the largest accepted difference between the clocks of servers that
// share a Store.
const ClockSkew = 5 * time.Second

// Counts reports whether an attempt at that time still counts. An attempt more
// than ClockSkew after now was made before the clock was set back. It does not
// count, or it would keep the bucket closed for longer than Per.
func (b Bucket) Counts(at, now time.Time) bool {
	age := now.Sub(at)
	return -ClockSkew <= age && age < b.Per
}

// Refusal is a bucket that accepts no attempts for a while.
type Refusal struct {
	// Key is the key of the bucket.
	Key string
	// Wait is how long the bucket accepts no attempt: more than zero, and at most
	// Per.
	Wait time.Duration
}

// Store stores counters. Implementations must be safe for concurrent use. Servers
// that share the work share the store. A bucket that was never charged is empty.
// If ctx is cancelled, a call returns its error and changes nothing, or succeeds.
type Store interface {
	// ChargeBuckets counts an attempt in each bucket, in order, until one is
	// exhausted. It returns that one, or nil. [Bucket.Counts] says which earlier
	// attempts count. The buckets before the exhausted one stay charged; the
	// others do not change. id identifies the attempt. No two buckets of a call
	// have the same key.
	//
	// Of any number of concurrent calls no more succeed than a bucket allows. A
	// bucket may contain the attempt for a moment before another bucket refuses
	// it.
	//
	// After an error the attempt may be counted in some buckets, as a connection
	// can be lost after the database has written; RefundBuckets takes it back. In
	// a transaction that fails nothing need be counted.
	ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []Bucket) (*Refusal, error)
	// PeekBuckets returns what ChargeBuckets would return, without counting.
	PeekBuckets(ctx context.Context, now time.Time, buckets []Bucket) (*Refusal, error)
	// RefundBuckets removes the attempt with that id, which was charged at that
	// time, from the buckets. Attempts of concurrent calls stay. If there is
	// nothing to remove, it is not an error.
	RefundBuckets(ctx context.Context, at time.Time, id string, buckets []Bucket) error
	// ResetBuckets removes all attempts from the buckets with those keys, which
	// need not exist. A concurrent attempt may be removed or stay.
	ResetBuckets(ctx context.Context, keys []string) error
}
