package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage/redisstore"
)

var errCrashed = errors.New("the server has crashed")

// crash is a hook of a client that lets a number of commands through. Of the
// commands of a pipeline, which are in no order, it lets the last ones through if
// backwards is set.
type crash struct {
	left      int
	backwards bool
}

func (c *crash) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

func (c *crash) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if c.left == 0 {
			cmd.SetErr(errCrashed)
			return errCrashed
		}
		c.left--
		return next(ctx, cmd)
	}
}

func (c *crash) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if len(cmds) <= c.left {
			c.left -= len(cmds)
			return next(ctx, cmds)
		}
		through := cmds[:c.left]
		if c.backwards {
			through = cmds[len(cmds)-c.left:]
		}
		if len(through) > 0 {
			_ = next(ctx, through)
		}
		c.left = 0
		return errCrashed
	}
}

// crashAnywhere prepares a case and runs a call on it that a crash interrupts, for
// each number of commands that come through, until the call succeeds.
func crashAnywhere(t *testing.T, s server, prepare func(id string), call func(store *redisstore.Store, id string) error, check func(id, moment string, done bool)) {
	t.Helper()
	for _, backwards := range []bool{false, true} {
		for commands := 0; ; commands++ {
			id := fmt.Sprint(commands, backwards)
			prepare(id)
			hook := &crash{commands, backwards}
			err := call(redisstore.New(hooked(t, s, hook), redisstore.KeyPrefix(s.prefix)), id)
			if err != nil && !errors.Is(err, errCrashed) {
				t.Fatal(err)
			}
			check(id, fmt.Sprintf("a crash after %d commands, backwards %v", commands, backwards), err == nil)
			if err == nil {
				break
			}
		}
	}
}

// hooked returns a client of the server with the hook.
func hooked(t *testing.T, s server, hook redis.Hook) redis.UniversalClient {
	t.Helper()
	var client redis.UniversalClient
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		client = redis.NewClusterClient(c.Options())
	case *redis.Client:
		client = redis.NewClient(c.Options())
	}
	client.AddHook(hook)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// found returns the kind and id of the row with a token, empty if there is none.
func found(t *testing.T, store sessions.Store, token string) (kind, id string) {
	t.Helper()
	rows, err := store.SessionsByTokens(t.Context(), token)
	must(t, err)
	if len(rows) == 0 {
		return "", ""
	}
	return rows[0].Kind, rows[0].ID
}

// After a crash at any step of ending a session, it has ended, or is valid and
// can be ended.
func TestACrashKeepsNoSessionThatCannotBeEnded(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx, now := s.store(), t.Context(), time.Now()
		for name, end := range map[string]func(store *redisstore.Store, id string) error{
			"one":           func(store *redisstore.Store, id string) error { return store.DeleteSession(ctx, id) },
			"all of a user": func(store *redisstore.Store, id string) error { return store.DeleteUserSessions(ctx, "user"+id, "") },
		} {
			crashAnywhere(t, s, func(id string) {
				row, _ := rows(name+id, "user"+name+id, now)
				must(t, store.CreateSession(ctx, row))
			}, func(store *redisstore.Store, id string) error { return end(store, name+id) },
				func(id, moment string, done bool) {
					if kind, _ := found(t, store, "token-"+name+id); kind != "" && done {
						t.Errorf("%s: a session that was ended is there after %s", name, moment)
					}
					must(t, store.DeleteUserSessions(ctx, "user"+name+id, ""))
					if kind, _ := found(t, store, "token-"+name+id); kind != "" {
						t.Errorf("%s: a session cannot be ended after %s", name, moment)
					}
				})
		}
	})
}

// After a crash at any step of a renewal, the old token is that of the session,
// which can be ended, or it is replaced. The old and the new token are never both
// valid.
func TestACrashDuringARenewalEndsTheSession(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx, now := s.store(), t.Context(), time.Now()
		crashAnywhere(t, s, func(id string) {
			row, _ := rows(id, "", now)
			must(t, store.CreateSession(ctx, row))
		}, func(store *redisstore.Store, id string) error {
			row, _ := rows(id, "user"+id, now)
			old, _ := rows("old"+id, "", now)
			row.TokenHash, old.TokenHash, old.Kind = "new-"+id, row.TokenHash, "replaced"
			return store.RenewSession(ctx, row, old, nil)
		}, func(id, moment string, done bool) {
			kind, is := found(t, store, "token-"+id)
			lives := kind == "app" && is == id
			if replaced := kind == "replaced" && is == "old"+id; !lives && !replaced || done && !replaced {
				t.Errorf("the old token leads to %q %q after %s", kind, is, moment)
			}
			must(t, store.DeleteSession(ctx, id))
			if lives {
				if kind, _ := found(t, store, "token-"+id); kind != "" {
					t.Errorf("the session cannot be ended after %s", moment)
				}
			}
			if kind, _ := found(t, store, "new-"+id); kind != "" && done {
				t.Errorf("the renewed session cannot be ended after %s", moment)
			}
		})
	})
}

// A session whose creation was interrupted by a crash can be used only with a
// token that no client has; a complete one can be ended.
func TestACrashDuringACreationBlocksNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx, now := s.store(), t.Context(), time.Now()
		crashAnywhere(t, s, func(string) {}, func(store *redisstore.Store, id string) error {
			row, _ := rows(id, "user", now)
			return store.CreateSession(ctx, row)
		}, func(id, moment string, done bool) {
			next, _ := rows("next"+id, "user", now)
			must(t, store.CreateSession(ctx, next))
			list, err := store.SessionsByUser(ctx, "user")
			must(t, err, store.DeleteUserSessions(ctx, "user", ""))
			if want := map[bool]int{false: 1, true: 2}[done]; len(list) != want {
				t.Errorf("%d sessions are listed after %s", len(list), moment)
			}
			if kind, _ := found(t, store, "token-"+id); kind != "" && done {
				t.Errorf("the session cannot be ended after %s", moment)
			}
		})
	})
}

// After a crash at any step of creating or replacing a challenge, the challenges
// of its user can be deleted.
func TestACrashKeepsNoChallengeThatCannotBeDeleted(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx, now := s.store(), t.Context(), time.Now()
		for name, call := range map[string]func(store *redisstore.Store, c authn.Challenge) error{
			"create":  func(store *redisstore.Store, c authn.Challenge) error { return store.CreateChallenge(ctx, c) },
			"replace": func(store *redisstore.Store, c authn.Challenge) error { return store.ReplaceChallenge(ctx, c, c.Hash) },
			"delete": func(store *redisstore.Store, c authn.Challenge) error {
				return store.DeleteUserChallenges(ctx, "", c.UserID)
			},
		} {
			crashAnywhere(t, s, func(id string) {
				if name != "create" {
					_, c := rows(name+id, map[string]string{"replace": "before", "delete": "user"}[name]+id, now)
					must(t, store.CreateChallenge(ctx, c))
				}
			}, func(store *redisstore.Store, id string) error {
				_, c := rows(name+id, "user"+id, now)
				return call(store, c)
			}, func(id, moment string, _ bool) {
				must(t, store.DeleteUserChallenges(ctx, "p", "before"+id), store.DeleteUserChallenges(ctx, "p", "user"+id))
				if _, err := store.ChallengeByID(ctx, name+id); !errors.Is(err, authn.ErrNotFound) {
					t.Errorf("%s: a challenge cannot be deleted after %s: %v", name, moment, err)
				}
			})
		}
	})
}
