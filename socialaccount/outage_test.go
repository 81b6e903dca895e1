package socialaccount_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
)

var errDown = errors.New("the database is down")

// failing is a store of which single calls fail.
type failing struct {
	storage.Store
	sessions, consume, accounts atomic.Bool
}

func (f *failing) SessionByToken(ctx context.Context, hash string) (*sessions.Row, error) {
	if f.sessions.Load() {
		return nil, errDown
	}
	return f.Store.SessionByToken(ctx, hash)
}

func (f *failing) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	if f.consume.Load() {
		return errDown
	}
	return f.Store.ConsumeChallenge(ctx, id, hash)
}

func (f *failing) CreateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	if f.accounts.Load() {
		return errDown
	}
	return f.Store.CreateSocialAccount(ctx, a)
}

// Whatever part of the store fails, nobody is logged in, nothing is left half
// done, and later the login works.
func TestCallbackInAnOutage(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, inner storage.Store) {
		var made atomic.Int64
		store := &failing{Store: inner}
		w := startOn(t, store, signups(&made))
		for name, fault := range map[string]struct {
			part  *atomic.Bool
			lands string
		}{
			"sessions": {&store.sessions, w.errorPage()},
			"states":   {&store.consume, w.errorPage()},
			"accounts": {&store.accounts, failed("/done", "unknown", "login")},
		} {
			c := w.Client(browser)
			callback := w.pick(w.begin(c, "op", "login", "/done"), somebody("Ann", "ann@example.org"))
			fault.part.Store(true)
			where := w.comeBack(c, callback)
			fault.part.Store(false)
			if where != fault.lands {
				t.Errorf("%s: lands at %s", name, where)
			}
			nobody(t, c)
		}
		if made.Load() != 0 {
			t.Fatalf("%d accounts were made", made.Load())
		}
		c := w.Client(browser)
		w.through(c, "login", somebody("Ann", "ann@example.org"))
		c.Get("auth/session").LoggedIn("ann@example.org")
	})
}

func TestTokenInAnOutage(t *testing.T) {
	t.Parallel()
	store := &failing{}
	stores(t, func(t *testing.T, inner storage.Store) {
		store.Store = inner
		w := startOn(t, store, func(cfg *allauth.Config) { cfg.SocialAccount.StoreTokens = true })
		store.accounts.Store(true)
		w.byToken(w.Client(app), "login", claims("ann", "ann@example.org")).Status(503)
		store.accounts.Store(false)
		w.byToken(w.Client(app), "login", claims("ann", "ann@example.org")).LoggedIn("ann@example.org")
	})
}
