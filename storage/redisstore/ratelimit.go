package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/ratelimit"
)

// A bucket is a sorted set of attempts, ordered by their time in microseconds.
// Numbers are formatted with all their digits, which Lua does not do by default.
// Buckets may be on different nodes, and each is charged in a step of its own.
// Full buckets are found before any bucket is charged, so that a source over its
// limits does not fill the buckets of others. A crash between the steps leaves a
// refused attempt counted.

// takeScript returns for how many microseconds a bucket accepts no attempt, or
// zero if it accepts one. With an id it counts the attempt.
var takeScript = redis.NewScript(`
local now, amount, per, skew, id = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local latest, since = string.format('%.0f', now + skew), string.format('%.0f', now - per)
local first = redis.call('ZREVRANGEBYSCORE', KEYS[1], latest, '(' .. since, 'WITHSCORES', 'LIMIT', amount - 1, 1)
if #first > 0 then return math.min(math.max(tonumber(first[2]) + per - now, 1000), per) end
if id == '' then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', since)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. latest, '+inf')
redis.call('ZADD', KEYS[1], ARGV[1], id)
redis.call('PEXPIRE', KEYS[1], math.ceil(per / 1000) + 1000)
return 0`)

func (s *Store) rateKey(name string) string { return s.key("rate", name) }

// ChargeBuckets implements ratelimit.Store.
func (s *Store) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	full, open, err := s.take(ctx, "look up attempts", now, "", buckets)
	if err != nil || open == 0 {
		return full, err
	}
	refusal, charged, err := s.take(ctx, "count attempt", now, id, buckets[:open])
	if err != nil || refusal == nil {
		return full, err
	}
	return refusal, s.RefundBuckets(ctx, now, id, buckets[charged+1:open])
}

// PeekBuckets implements ratelimit.Store.
func (s *Store) PeekBuckets(ctx context.Context, now time.Time, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	refusal, _, err := s.take(ctx, "look up attempts", now, "", buckets)
	return refusal, err
}

// take runs takeScript for each bucket. It returns the first refusal, and the
// number of buckets before it.
func (s *Store) take(ctx context.Context, what string, now time.Time, id string, buckets []ratelimit.Bucket) (*ratelimit.Refusal, int, error) {
	steps := make([]step, len(buckets))
	for i, b := range buckets {
		steps[i] = step{takeScript, s.rateKey(b.Key), []any{micros(now), b.Amount, b.Per.Microseconds(), ratelimit.ClockSkew.Microseconds(), id}}
	}
	results, err := s.runAll(ctx, what, steps...)
	if err != nil {
		return nil, 0, err
	}
	for i, result := range results {
		if wait, _ := result.Int64(); wait > 0 {
			return &ratelimit.Refusal{Key: buckets[i].Key, Wait: time.Duration(wait) * time.Microsecond}, i, nil
		}
	}
	return nil, len(buckets), nil
}

// RefundBuckets implements ratelimit.Store.
func (s *Store) RefundBuckets(ctx context.Context, _ time.Time, id string, buckets []ratelimit.Bucket) error {
	return s.pipelined(ctx, "refund attempt", func(pipe redis.Pipeliner) {
		for _, b := range buckets {
			pipe.ZRem(ctx, s.rateKey(b.Key), id)
		}
	})
}

// ResetBuckets implements ratelimit.Store.
func (s *Store) ResetBuckets(ctx context.Context, keys []string) error {
	return s.pipelined(ctx, "forget attempts", func(pipe redis.Pipeliner) {
		for _, key := range keys {
			pipe.Del(ctx, s.rateKey(key))
		}
	})
}
