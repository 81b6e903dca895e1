package socialaccount_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage/memstore"
)

// decision is a host that decides which accounts an address logs in to.
type decision struct {
	mu    sync.Mutex
	asked []string
	allow bool
	err   error
}

func (d *decision) decide(_ context.Context, userID, email, providerID string, id *provider.Identity) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, userID+" "+email+" "+providerID+" "+id.UID)
	return d.allow, d.err
}

// The host decides for each account, whatever the settings say.
func TestTheHostDecidesWhereAnAddressLogsIn(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		d := &decision{}
		w := start(t, withSocial(func(cfg *socialaccount.Config) {
			cfg.EmailAuthentication, cfg.AuthenticateByEmail = on, d.decide
		}))
		owner := w.SignUp(app, "ann@example.org")
		id, _ := owner.Get("auth/session").Value("data", "user", "id").(float64)

		w.byToken(w.Client(app), "login", claims("x", "ann@example.org")).Status(401)
		d.allow = true
		w.byToken(w.Client(app), "login", claims("x", "ann@example.org")).LoggedIn("ann@example.org")
		d.err = &authn.Error{Code: "suspended", Message: "Suspended."}
		w.OwnProblems = []string{"suspended"}
		w.byToken(w.Client(app), "login", claims("x", "ann@example.org")).Status(400)
		want := strconv.FormatFloat(id, 'f', -1, 64) + " ann@example.org op x"
		if !slices.Equal(d.asked, []string{want, want, want}) {
			t.Errorf("asked %q, want %q three times", d.asked, want)
		}
	}
}

// The host is not asked about an address that one side has not verified, and not
// about an account at the provider that is connected.
func TestTheHostDecidesAboutVerifiedAddressesOnly(t *testing.T) {
	t.Parallel()
	d := &decision{allow: true, err: errors.New("asked")}
	w := start(t, withSocial(func(cfg *socialaccount.Config) { cfg.AuthenticateByEmail = d.decide }))
	c := w.SignUp(app, "ann@example.org")
	w.byToken(w.Client(app), "login", unverified("x", "ann@example.org")).Status(401)
	w.Client(app).Post("auth/signup", body{"email": "bob@example.org", "password": clienttest.Password}).Status(401)
	w.byToken(w.Client(app), "login", claims("y", "bob@example.org")).LoggedIn("bob@example.org")
	w.byToken(c, "connect", claims("ann", "ann@example.org")).Status(200)
	w.byToken(w.Client(app), "login", claims("ann", "ann@example.org")).LoggedIn("ann@example.org")
	if d.asked != nil {
		t.Errorf("asked %q", d.asked)
	}
}

// An address that leaves the account while the host decides does not log in to it.
func TestTheHostDecidesAboutAnAddressThatLeaves(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	d := &decision{allow: true}
	w := startOn(t, store, withSocial(func(cfg *socialaccount.Config) { cfg.AuthenticateByEmail = d.decide }))
	c := w.SignUp(app, "ann@example.org")
	second := body{"email": "second@example.org"}
	c.Post("account/email", second).Status(200)
	c.Post("auth/email/verify", body{"key": w.MailOf("account/email_confirmation", "second@example.org").Key()}).Status(200)
	store.Interrupt(func() { c.Delete("account/email", second).Status(200) })
	answer := w.byToken(w.Client(app), "login", claims("x", "second@example.org")).LoggedIn("second@example.org")
	if id := answer.Value("data", "user", "id"); id == c.Get("auth/session").Value("data", "user", "id") || store.IsArmed() {
		t.Errorf("logged in as the former owner of the address: %s", answer.Text)
	}
}
