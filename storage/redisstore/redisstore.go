package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
)

// grace is how much longer than its lifetime a row is kept: whether it has
// expired is told by the library's clock, not by that of Redis.
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

// KeyPrefix begins the names of all keys. The default is "{allauth}:". For a
// Redis Cluster it must have a hash tag, which is the part in braces.
func KeyPrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// New returns a Store on the client, which stays the caller's to close.
func New(client redis.UniversalClient, options ...Option) *Store {
	s := &Store{client: client, prefix: "{allauth}:"}
	for _, option := range options {
		option(s)
	}
	return s
}

// script is Lua with what all scripts share in front: P is the key prefix.
func script(text string) *redis.Script { return redis.NewScript("local P = KEYS[1]\n" + text) }

// run runs a script. Nil from Redis is authn.ErrNotFound.
func (s *Store) run(ctx context.Context, what string, script *redis.Script, args ...any) (*redis.Cmd, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	result := script.Run(ctx, s.client, []string{s.prefix}, args...)
	if err := result.Err(); errors.Is(err, redis.Nil) {
		return nil, authn.ErrNotFound
	} else if err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", what, err)
	}
	return result, nil
}

// The answers of scripts that change one row.
const (
	done     = 1
	missing  = 0
	conflict = -1
)

// change runs a script whose answer says what came of it.
func (s *Store) change(ctx context.Context, what string, script *redis.Script, args ...any) error {
	result, err := s.run(ctx, what, script, args...)
	if err != nil {
		return err
	}
	switch n, err := result.Int(); {
	case err != nil:
		return fmt.Errorf("redisstore: %s: %w", what, err)
	case n == missing:
		return authn.ErrNotFound
	case n == conflict:
		return authn.ErrConflict
	}
	return nil
}

// forgiving is change for a row that may be missing.
func (s *Store) forgiving(ctx context.Context, what string, script *redis.Script, args ...any) error {
	err := s.change(ctx, what, script, args...)
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	return err
}

// fields is a Redis hash as a script returns it: names and values in turn.
type fields map[string]string

func readFields(list []any) fields {
	f := fields{}
	for i := 0; i+1 < len(list); i += 2 {
		name, _ := list[i].(string)
		value, _ := list[i+1].(string)
		f[name] = value
	}
	return f
}

// number and time read what this package wrote.

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

// lifetime is how long Redis keeps a row, in milliseconds. Both times are of
// the library's clock, so that of Redis need not agree with it.
func lifetime(from, until time.Time) int64 {
	return max(until.Sub(from), 0).Milliseconds() + grace.Milliseconds()
}
