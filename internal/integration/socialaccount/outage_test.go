package socialaccount_test

import (
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/integration/teststore"
)

// Whatever part of the store fails, no user is logged in, nothing is stored in
// part, and later the login works.
func TestCallbackInAnOutage(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	store := teststore.OpenFaulty(t)
	w := startOn(t, store, signups(&made))
	for part, lands := range map[string]string{
		"^SELECT .*allauth_sessions":           w.errorPage(),
		"^DELETE FROM allauth_challenges":      w.errorPage(),
		"^INSERT INTO allauth_social_accounts": failed("/done", "unknown", "login"),
	} {
		c := w.Client(browser)
		callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
		store.Break(part)
		where := w.comeBack(c, callback)
		store.Mend()
		if where != lands {
			t.Errorf("%s: lands at %s", part, where)
		}
		loggedOut(t, c)
	}
	if made.Load() != 0 {
		t.Fatalf("%d accounts were made", made.Load())
	}
	c := w.Client(browser)
	w.through(c, "login", userForm("Ann", "ann@example.org"))
	c.Get("auth/session").LoggedIn("ann@example.org")
}

func TestTokenInAnOutage(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	w := startOn(t, store, func(cfg *allauth.Config) { cfg.SocialAccount.StoreTokens = true })
	store.Break("^INSERT INTO allauth_social_accounts")
	w.byToken(w.Client(app), "login", claims("ann", "ann@example.org")).Status(503)
	store.Mend()
	w.byToken(w.Client(app), "login", claims("ann", "ann@example.org")).LoggedIn("ann@example.org")
}
