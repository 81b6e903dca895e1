package socialaccount_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
)

func TestDisconnect(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w := start(t)
		w.Client(kind).Get("account/providers").Status(401)
		w.Client(kind).Delete("account/providers", body{}).Status(401)
		c := w.SignUp(kind, "ann@example.org")
		w.byToken(c, "connect", claims("ann", "")).Status(200)
		w.byToken(c, "connect", claims("7", "")).Status(200)
		c.Delete("account/providers", body{}).Problems("provider:required", "account:required")
		c.Delete("account/providers", body{"provider": "op", "account": "unknown"}).Problems("account_not_found")
		c.Delete("account/providers", body{"provider": "op", "account": 7}).Status(200)
		other := w.SignUp(kind, "bob@example.org")
		other.Delete("account/providers", body{"provider": "op", "account": "ann"}).Problems("account_not_found")
		w.Clock.Advance(10 * time.Minute)
		c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Status(401)
		c.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
		answer := c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Status(200)
		if answer.Text != `{"status":200,"data":[]}` {
			t.Fatalf("left: %s", answer.Text)
		}
		w.byToken(w.Client(kind), "login", claims("ann", "")).Status(401).Pending("provider_signup")
	})
}

func TestTheLastWayInStays(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(app)
	w.byToken(c, "login", claims("ann", "ann@example.org")).Status(200)
	c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Problems("no_password")
	w.byToken(c, "connect", claims("second", "")).Status(200)
	c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Status(200)
	c.Delete("account/providers", body{"provider": "op", "account": "second"}).Problems("no_password")
	c.Post("account/password/change", body{"new_password": "brand-new-pass-7"}).Status(200)
	c.Delete("account/providers", body{"provider": "op", "account": "second"}).Status(200)
}

func TestAProvedAddressIsNeededWhereItIsMandatory(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationMandatory
		cfg.SocialAccount.EmailVerification = new(authn.VerificationNone) // so that users can log in with an unverified address
	})
	c := w.Client(app)
	w.byToken(c, "login", unverified("ann", "ann@example.org")).LoggedIn("ann@example.org")
	c.Post("account/password/change", body{"new_password": "brand-new-pass-7"}).Status(200)
	c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Problems("no_verified_email")
}

func TestParallelDisconnectsLeaveAWayIn(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w := startOn(t, store)
		c := w.Client(app)
		w.byToken(c, "login", claims("one", "ann@example.org")).Status(200)
		w.byToken(c, "connect", claims("two", "")).Status(200)
		ids := []string{"one", "two"}
		var removed atomic.Int64
		clients := []*clienttest.Client{c.Clone(), c.Clone()}
		clienttest.Parallel(2, func(i int) {
			if clients[i].Delete("account/providers", body{"provider": "op", "account": ids[i]}).StatusCode == 200 {
				removed.Add(1)
			}
		})
		if left := uids(c); removed.Load() != 1 || len(left) != 1 {
			t.Fatalf("%d removed, left: %v", removed.Load(), left)
		}
	})
}

func TestForgottenUsersAreDeleted(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(app)
	answer := w.byToken(c, "login", claims("ann", "ann@example.org")).Status(200)
	id := strings.TrimSuffix(answer.Text[strings.Index(answer.Text, `"id":`)+5:][:17], ",")
	id, _, _ = strings.Cut(id, ",")
	if err := w.Auth.Users().Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	again := w.byToken(w.Client(app), "login", claims("ann", "ann@example.org")).LoggedIn("ann@example.org")
	if strings.Contains(again.Text, `"id":`+id) {
		t.Fatalf("the old user came back: %s", again.Text)
	}
}

func TestConfigListsProviders(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.SocialAccount.Custom = append(cfg.SocialAccount.Custom, redirectOnly{})
	})
	op := `{"id":"op","name":"OP","flows":["provider_redirect","provider_token"],"client_id":"op","openid_configuration_url":"` + w.op.Issuer() + `/.well-known/openid-configuration"}`
	aa := `{"id":"aa","name":"AA","flows":["provider_redirect"]}`
	if text := w.Client(app).Get("config").Text; !strings.Contains(text, `"socialaccount":{"providers":[`+op+`]}`) {
		t.Errorf("app: %s", text)
	}
	c := w.Client(browser)
	if text := c.Get("config").Text; !strings.Contains(text, `"socialaccount":{"providers":[`+aa+`,`+op+`]}`) {
		t.Errorf("browser: %s", text)
	}
	if text := c.Get("auth/session").Text; !strings.Contains(text, `{"id":"provider_redirect","providers":["op","aa"]},{"id":"provider_token","providers":["op"]}`) {
		t.Errorf("flows: %s", text)
	}
	if flows := w.Client(app).Get("auth/session").Flows(); slices.Contains(flows, "provider_redirect") {
		t.Errorf("app is offered %v", flows)
	}
	c.Post("auth/provider/token", body{"provider": "aa", "process": "login", "token": body{"client_id": "x", "id_token": "x"}}).
		Problems("provider:token_authentication_not_supported")
	if where := w.begin(c, "aa", "login", "/done"); where != failed("/done", "unknown", "login") {
		t.Errorf("a provider that is down leads to %s", where)
	}
	w.Client(app).Post("auth/provider/redirect", body{}).Status(404)
}
