package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
)

// grace is how much longer than its lifetime a row is kept, as the library's
// clock says whether it has expired, not that of Redis. Handles and lists are
// kept for a second grace, so that they outlive the row.
const grace = time.Minute

// Store keeps the counters of rate limits, challenges and sessions in Redis. It
// is safe for concurrent use, also by several processes.
type Store struct {
	client redis.UniversalClient
	prefix string
}

var (
	_ ratelimit.Store      = (*Store)(nil)
	_ authn.ChallengeStore = (*Store)(nil)
	_ sessions.Store       = (*Store)(nil)
)

// Option configures a Store.
type Option func(*Store)

// KeyPrefix sets the prefix of all keys. The default is "allauth:". A prefix with
// a hash tag, a part in braces, keeps all keys in one slot of a Redis Cluster,
// and so on one node.
func KeyPrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// New returns a Store with the client, which the caller closes.
func New(client redis.UniversalClient, options ...Option) *Store {
	s := &Store{client: client, prefix: "allauth:"}
	for _, option := range options {
		option(s)
	}
	return s
}

// key returns the name of a key. The name within its kind is the hash tag, so
// that the keys of a kind are spread over all slots.
func (s *Store) key(kind, name string) string { return s.prefix + kind + ":{" + name + "}" }

// step is a script that reads and changes one key. Several keys may be on
// different nodes.
type step struct {
	script *redis.Script
	key    string
	args   []any
}

// The results of scripts that change one row.
const (
	done     = 1
	missing  = 0
	conflict = -1
)

var (
	// createScript stores a hash for a number of milliseconds, unless the key
	// exists.
	createScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`)

	// updateScript overwrites fields of a hash if given fields have given values.
	// With a positive number of milliseconds it also sets the time to live.
	updateScript = redis.NewScript(`
local ttl, first = ARGV[1], ARGV[2] + 3
for i = 3, first - 1, 2 do
	if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then return 0 end
end
if ARGV[first] then redis.call('HSET', KEYS[1], unpack(ARGV, first)) end
if ttl ~= '0' then redis.call('PEXPIRE', KEYS[1], ttl) end
return 1`)

	// deleteScript deletes a hash if given fields have given values.
	deleteScript = redis.NewScript(`
for i = 1, #ARGV, 2 do
	if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then return 0 end
end
return redis.call('DEL', KEYS[1])`)

	// linkScript adds an id to the sorted set of a user's ids, which is ordered
	// by the time up to which they are kept, and removes those whose time is up.
	linkScript = redis.NewScript(`
local id, now, expires, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
redis.call('ZADD', KEYS[1], 'GT', expires, id)
redis.call('PEXPIRE', KEYS[1], math.max(redis.call('PTTL', KEYS[1]), ttl))
return 1`)
)

func create(key string, ttl time.Duration, fields ...any) step {
	return step{createScript, key, append([]any{ttl.Milliseconds()}, fields...)}
}

func update(key string, where []any, ttl time.Duration, fields ...any) step {
	return step{updateScript, key, slices.Concat([]any{ttl.Milliseconds(), len(where)}, where, fields)}
}

func remove(key string, where ...any) step { return step{deleteScript, key, where} }

// link returns the step that adds an id to the list of a user. Times are those of
// the library's clock.
func (s *Store) link(kind, userID, id string, now, expires time.Time) step {
	return step{linkScript, s.key(kind, userID), []any{id, micros(now), micros(expires.Add(2 * grace)), (lifetime(now, expires) + grace).Milliseconds()}}
}

// run runs one step.
func (s *Store) run(ctx context.Context, what string, step step) (*redis.Cmd, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	result := step.script.Run(ctx, s.client, []string{step.key}, step.args...)
	return result, failed(what, result.Err())
}

// runAll runs steps in one round trip to each node, in any order, and returns the
// result of each.
func (s *Store) runAll(ctx context.Context, what string, steps ...step) ([]*redis.Cmd, error) {
	results := make([]*redis.Cmd, len(steps))
	return results, s.pipelined(ctx, what, func(pipe redis.Pipeliner) {
		for i, step := range steps {
			results[i] = step.script.Eval(ctx, pipe, []string{step.key}, step.args...)
		}
	})
}

// pipelined sends the commands of add in one round trip to each node.
func (s *Store) pipelined(ctx context.Context, what string, add func(pipe redis.Pipeliner)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		add(pipe)
		return nil
	})
	return failed(what, err)
}

// load reads fields of hashes, or all fields if none are named. A missing hash
// has no fields.
func (s *Store) load(ctx context.Context, what string, keys []string, names ...string) ([]fields, error) {
	results := make([]redis.Cmder, len(keys))
	err := s.pipelined(ctx, what, func(pipe redis.Pipeliner) {
		for i, key := range keys {
			if len(names) == 0 {
				results[i] = pipe.HGetAll(ctx, key)
			} else {
				results[i] = pipe.HMGet(ctx, key, names...)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	rows := make([]fields, len(keys))
	for i, result := range results {
		switch result := result.(type) {
		case *redis.MapStringStringCmd:
			rows[i] = result.Val()
		case *redis.SliceCmd:
			rows[i] = named(names, result.Val())
		}
	}
	return rows, nil
}

func failed(what string, err error) error {
	if err == nil || errors.Is(err, redis.Nil) {
		return nil
	}
	return fmt.Errorf("redisstore: %s: %w", what, err)
}

// change runs a step whose result says whether it changed the row.
func (s *Store) change(ctx context.Context, what string, step step) error {
	result, err := s.run(ctx, what, step)
	if err != nil {
		return err
	}
	switch answer(result) {
	case missing:
		return authn.ErrNotFound
	case conflict:
		return authn.ErrConflict
	}
	return nil
}

// answer returns the number that a script returned.
func answer(result *redis.Cmd) int {
	n, _ := result.Int() // any other result has failed before
	return n
}

// ignoreMissing returns err, or nil if err means that the row is missing.
func ignoreMissing(err error) error {
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	return err
}

// fields are the fields of a Redis hash.
type fields map[string]string

// named returns the fields that HMGET returned.
func named(names []string, values []any) fields {
	f := fields{}
	for i, value := range values {
		if text, ok := value.(string); ok {
			f[names[i]] = text
		}
	}
	return f
}

// number, time and bytes parse the values that this package stored.

func (f fields) number(name string) int {
	n, _ := strconv.Atoi(f[name])
	return n
}

func (f fields) time(name string) time.Time {
	n, _ := strconv.ParseInt(f[name], 10, 64)
	return time.UnixMicro(n).UTC()
}

func (f fields) bytes(name string) []byte {
	if f[name] == "" {
		return nil
	}
	return []byte(f[name])
}

func micros(t time.Time) int64 { return t.UnixMicro() }

// lifetime returns the time to live of a row in Redis. Both times are those of
// the library's clock, which need not agree with that of Redis.
func lifetime(from, until time.Time) time.Duration { return max(until.Sub(from), 0) + grace }
