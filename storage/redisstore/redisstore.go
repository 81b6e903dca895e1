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

// grace is how much longer than its lifetime a row is kept: whether it has
// expired is told by the library's clock, not by that of Redis. What leads to a
// row is kept for a second grace, so that it outlives the row.
const grace = time.Minute

// Store keeps rate limits, challenges and sessions in Redis. It is safe for
// concurrent use, also by several processes.
type Store struct {
	client redis.UniversalClient
	prefix string
}

var (
	_ ratelimit.Store      = (*Store)(nil)
	_ authn.ChallengeStore = (*Store)(nil)
	_ sessions.Store       = (*Store)(nil)
)

// Option changes how a Store works.
type Option func(*Store)

// KeyPrefix begins the names of all keys. The default is "allauth:". A prefix with
// a hash tag, which is a part in braces, keeps all keys in one slot of a Redis
// Cluster, and so on one of its nodes.
func KeyPrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// New returns a Store on the client, which stays the caller's to close.
func New(client redis.UniversalClient, options ...Option) *Store {
	s := &Store{client: client, prefix: "allauth:"}
	for _, option := range options {
		option(s)
	}
	return s
}

// key is the name of a key. Its hash tag is the name within its kind, so that the
// keys of a kind are spread over all slots.
func (s *Store) key(kind, name string) string { return s.prefix + kind + ":{" + name + "}" }

// step is a script that reads and changes one key, as its keys may lie on
// different nodes.
type step struct {
	script *redis.Script
	key    string
	args   []any
}

// The answers of scripts that change one row.
const (
	done     = 1
	missing  = 0
	conflict = -1
)

var (
	// createScript stores a hash for that many milliseconds, unless the key exists.
	createScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`)

	// updateScript overwrites fields of a hash whose fields have those values. It then
	// lives for that many milliseconds, or as long as before for none.
	updateScript = redis.NewScript(`
local ttl, first = ARGV[1], ARGV[2] + 3
for i = 3, first - 1, 2 do
	if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then return 0 end
end
if ARGV[first] then redis.call('HSET', KEYS[1], unpack(ARGV, first)) end
if ttl ~= '0' then redis.call('PEXPIRE', KEYS[1], ttl) end
return 1`)

	// deleteScript deletes a hash whose fields have those values.
	deleteScript = redis.NewScript(`
for i = 1, #ARGV, 2 do
	if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then return 0 end
end
return redis.call('DEL', KEYS[1])`)

	// linkScript adds an id to the sorted set of a user's ids, which are ordered by
	// when they may be dropped, and drops those whose time has come.
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

// link lists an id under a user. Times are of the library's clock.
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

// runAll runs steps in one round trip to each node and in no order, and returns
// the answer of each.
func (s *Store) runAll(ctx context.Context, what string, steps ...step) ([]*redis.Cmd, error) {
	results := make([]*redis.Cmd, len(steps))
	return results, s.pipelined(ctx, what, func(pipe redis.Pipeliner) {
		for i, step := range steps {
			results[i] = step.script.Eval(ctx, pipe, []string{step.key}, step.args...)
		}
	})
}

// pipelined sends the commands that add adds in one round trip to each node.
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

// load reads the fields of hashes, all of them if none are named. What is missing
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

// change runs a step whose answer says what came of it.
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

// answer is the number that a script returned.
func answer(result *redis.Cmd) int {
	n, _ := result.Int() // what is no number has failed before
	return n
}

// unlessMissing is the error of a call on a row that may be missing.
func unlessMissing(err error) error {
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	return err
}

// fields is a Redis hash.
type fields map[string]string

// named are the fields that HMGET returned.
func named(names []string, values []any) fields {
	f := fields{}
	for i, value := range values {
		if text, ok := value.(string); ok {
			f[names[i]] = text
		}
	}
	return f
}

// number, time and bytes read what this package wrote.

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

// lifetime is how long Redis keeps a row. Both times are of the library's clock,
// so that of Redis need not agree with it.
func lifetime(from, until time.Time) time.Duration { return max(until.Sub(from), 0) + grace }
