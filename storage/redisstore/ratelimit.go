package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/ratelimit"
)

// A bucket is a sorted set of attempts by time, in microseconds. Numbers are
// written with all their digits, which Lua would not do by itself.

const takeBody = `
local now, id, count, skew = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1', tonumber(ARGV[4])
local latest = string.format('%.0f', now + skew)
for i = 5, #ARGV, 3 do
	local key, amount, per = P .. 'rate:' .. ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
	local since = string.format('(%.0f', now - per)
	local first = redis.call('ZREVRANGEBYSCORE', key, latest, since, 'WITHSCORES', 'LIMIT', amount - 1, 1)
	if #first > 0 then
		return {ARGV[i], math.min(math.max(tonumber(first[2]) + per - now, 1000), per)}
	end
	if count then
		redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - per))
		redis.call('ZREMRANGEBYSCORE', key, '(' .. latest, '+inf')
		redis.call('ZADD', key, ARGV[1], id)
		redis.call('PEXPIRE', key, math.ceil(per / 1000) + 1000)
	end
end
return {}`

var (
	takeScript = script(takeBody)

	refundScript = script(`
for i = 2, #ARGV do redis.call('ZREM', P .. 'rate:' .. ARGV[i], ARGV[1]) end
return 1`)

	resetScript = script(`
for i = 1, #ARGV do redis.call('DEL', P .. 'rate:' .. ARGV[i]) end
return 1`)
)

// ChargeBuckets implements ratelimit.Store.
func (s *Store) ChargeBuckets(ctx context.Context, now time.Time, id string, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	return s.refusal(ctx, "count attempt", now, id, true, buckets)
}

// PeekBuckets implements ratelimit.Store.
func (s *Store) PeekBuckets(ctx context.Context, now time.Time, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	return s.refusal(ctx, "look up attempts", now, "", false, buckets)
}

func (s *Store) refusal(ctx context.Context, what string, now time.Time, id string, count bool, buckets []ratelimit.Bucket) (*ratelimit.Refusal, error) {
	args := []any{micros(now), id, count, ratelimit.ClockSkew.Microseconds()}
	for _, b := range buckets {
		args = append(args, b.Key, b.Amount, b.Per.Microseconds())
	}
	result, err := s.run(ctx, what, takeScript, args...)
	if err != nil {
		return nil, err
	}
	answer, err := result.Slice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", what, err)
	}
	if len(answer) != 2 {
		return nil, nil
	}
	key, _ := answer[0].(string)
	wait, _ := answer[1].(int64)
	return &ratelimit.Refusal{Key: key, Wait: time.Duration(wait) * time.Microsecond}, nil
}

// RefundBuckets implements ratelimit.Store.
func (s *Store) RefundBuckets(ctx context.Context, _ time.Time, id string, buckets []ratelimit.Bucket) error {
	args := []any{id}
	for _, b := range buckets {
		args = append(args, b.Key)
	}
	return s.change(ctx, "refund attempt", refundScript, args...)
}

// ResetBuckets implements ratelimit.Store.
func (s *Store) ResetBuckets(ctx context.Context, keys []string) error {
	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = key
	}
	return s.change(ctx, "forget attempts", resetScript, args...)
}
