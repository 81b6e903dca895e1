package redisstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage/redisstore"
)

// between is a hook of a client that calls f before one of the steps of a call,
// as a concurrent request.
type between struct {
	redis.Hook
	steps int
	f     func()
}

func (b *between) step() {
	if b.steps--; b.steps == -1 {
		b.f()
	}
}

func (b *between) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		b.step()
		return next(ctx, cmd)
	}
}

func (b *between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		b.step()
		return next(ctx, cmds)
	}
}

// Requests between the steps of a renewal find the session: its old token is
// valid, and it is listed once. A request that ends the session ends it.
func TestRequestsBetweenTheStepsOfARenewal(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx, now := s.store(), t.Context(), time.Now()
		for name, meanwhile := range map[string]func(moment int){
			"list": func(moment int) {
				list, err := store.SessionsByUser(ctx, "list")
				must(t, err)
				if len(list) != 1 || list[0].ID != "list" {
					t.Errorf("before step %d of a renewal %d sessions are listed", moment, len(list))
				}
				if kind, _ := found(t, store, "token-list"); kind == "" {
					t.Errorf("before step %d of a renewal the old token is unknown", moment)
				}
			},
			"touch": func(int) { must(t, store.TouchSession(ctx, "touch", "192.0.2.1", "", now)) },
			"rekey": func(int) { must(t, store.RekeySessions(ctx, "rekey", "", "new")) },
			"end":   func(int) { must(t, store.DeleteSession(ctx, "end")) },
			"all":   func(int) { must(t, store.DeleteUserSessions(ctx, "all", "")) },
		} {
			for step := 0; ; step++ {
				row, _ := rows(name, name, now)
				must(t, store.CreateSession(ctx, row))
				old, _ := rows("old"+name, "", now)
				row.TokenHash, old.TokenHash, old.Kind = "new-"+name, row.TokenHash, "replaced"
				came := false
				hook := &between{&crash{}, step, func() {
					came = true
					meanwhile(step)
				}}
				err := redisstore.New(hooked(t, s, hook), redisstore.KeyPrefix(s.prefix)).RenewSession(ctx, row, old, nil)
				ended := came && (name == "end" || name == "all")
				if err != nil && !(ended && errors.Is(err, authn.ErrNotFound)) {
					t.Fatalf("%s before step %d: %v", name, step, err)
				}
				if kind, id := found(t, store, row.TokenHash); ended == (id == name) {
					t.Errorf("%s before step %d: the new token leads to %q %q, %v", name, step, kind, id, err)
				}
				if _, id := found(t, store, old.TokenHash); id == name {
					t.Errorf("%s before step %d: the old token leads to the session", name, step)
				}
				must(t, store.DeleteSession(ctx, name), store.DeleteSession(ctx, "old"+name))
				for _, token := range []string{row.TokenHash, old.TokenHash} {
					if kind, id := found(t, store, token); kind != "" {
						t.Errorf("%s before step %d: a row %q %q is left", name, step, kind, id)
					}
				}
				if !came {
					break
				}
			}
		}
	})
}
