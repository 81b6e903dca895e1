package socialaccount_test

import (
	"context"
	"slices"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage/memstore"
)

// If a session is ended between the check of a request and its transaction, the
// request connects and disconnects nothing, and does not reauthenticate.
func TestAnEndedSessionConnectsNothing(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		for name, send := range map[string]func(w *world, c *clienttest.Client) *clienttest.Answer{
			"connect": func(w *world, c *clienttest.Client) *clienttest.Answer {
				return w.byToken(c, "connect", claims("second", ""))
			},
			"connect again": func(w *world, c *clienttest.Client) *clienttest.Answer {
				return w.byToken(c, "connect", claims("ann", ""))
			},
			"disconnect": func(_ *world, c *clienttest.Client) *clienttest.Answer {
				return c.Delete("account/providers", body{"provider": "op", "account": "ann"})
			},
			"reauthenticate": func(w *world, c *clienttest.Client) *clienttest.Answer {
				return w.byToken(c, "login", claims("ann", ""))
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store := &clienttest.Interrupted{Store: memstore.New()}
				w := startOn(t, store)
				c := w.SignUp(kind, "ann@example.org")
				w.byToken(c, "connect", claims("ann", "")).Status(200)
				account, err := store.SocialAccount(t.Context(), "op", "ann")
				if err != nil {
					t.Fatal(err)
				}
				store.Interrupt(func() {
					if err := w.Auth.Users().EndSessions(context.Background(), account.UserID); err != nil {
						t.Error(err)
					}
				})
				answer := send(w, c)
				if store.IsArmed() {
					t.Fatalf("the request has no transaction: %d %s", answer.StatusCode, answer.Text)
				}
				answer.Status(401)
				over := map[clienttest.Kind]int{clienttest.App: 410, clienttest.Browser: 401}[kind]
				c.Get("auth/session").Status(over)
				if left := uids(w.LogIn(kind, "ann@example.org")); !slices.Equal(left, []string{"ann"}) {
					t.Errorf("connected %v", left)
				}
			})
		}
	})
}

// A login through a provider that is disconnected meanwhile, or whose address was
// removed from the account meanwhile, does not log in to the account.
func TestALoginThroughWhatWasTakenAwayMeanwhile(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	w := startOn(t, store, withSocial(func(cfg *socialaccount.Config) { cfg.EmailAuthentication = true }))
	c := w.SignUp(app, "ann@example.org")
	ann, _ := c.Get("auth/session").Value("data", "user", "id").(float64)

	w.byToken(c, "connect", claims("ann", "")).Status(200)
	store.Interrupt(func() {
		c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Status(200)
	})
	other := w.Client(app)
	w.byToken(other, "login", claims("ann", "")).Status(401).Pending("provider_signup")

	second := body{"email": "second@example.org"}
	c.Post("account/email", second).Status(200)
	c.Post("auth/email/verify", body{"key": w.MailOf("account/email_confirmation", "second@example.org").Key()}).Status(200)
	store.Interrupt(func() { c.Delete("account/email", second).Status(200) })
	other = w.Client(app)
	answer := w.byToken(other, "login", claims("second", "second@example.org")).LoggedIn("second@example.org")
	if id := answer.Value("data", "user", "id"); id == ann || store.IsArmed() {
		t.Errorf("logged in as the former owner of the address: %s", answer.Text)
	}
}
