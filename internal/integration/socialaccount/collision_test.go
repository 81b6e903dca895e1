package socialaccount_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/integration/teststore"
)

// Collisions of transactions do not affect users: no state and no token of a
// provider is lost, and each account is created once.
func TestCollisionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	store := teststore.OpenFaulty(t)
	w := startOn(t, store, signups(&made), func(cfg *allauth.Config) { cfg.SocialAccount.StoreTokens = true })
	store.Collide()
	for range 2 {
		c := w.Client(browser)
		w.through(c, "login", userForm("Ann", "ann@example.org"))
		c.Get("auth/session").LoggedIn("ann@example.org")
	}
	for range 2 {
		w.byToken(w.Client(app), "login", claims("bob", "bob@example.org")).LoggedIn("bob@example.org")
	}
	c := w.Client(app)
	w.byToken(c, "login", claims("eve", "")).Status(401).Pending("provider_signup")
	c.Post("auth/provider/signup", body{"email": "eve@example.org"}).Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": w.MailOf("account/email_confirmation_signup", "eve@example.org").Key()})
	w.byToken(c, "login", claims("eve", "")).LoggedIn("eve@example.org")

	owner := w.owner("owner@example.org")
	w.byToken(owner, "connect", claims("x", "")).Status(200)
	w.byToken(owner, "connect", claims("y", "")).Status(200)
	owner.Delete("account/providers", body{"provider": "op", "account": "x"}).Status(200)
	if got := uids(owner); !slices.Equal(got, []string{"y"}) {
		t.Errorf("connected: %v", got)
	}
	if made.Load() != 4 {
		t.Errorf("%d accounts were created", made.Load())
	}
	if store.Collisions() < 15 {
		t.Errorf("only %d kinds of writes collided", store.Collisions())
	}
}
