package socialaccount_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
)

func TestSignupAsksForAMissingAddress(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w := start(t)
		c := w.Client(kind)
		c.Get("auth/provider/signup").Status(409)
		c.Post("auth/provider/signup", body{"email": "ann@example.org"}).Status(409)
		w.byToken(c, "login", claims("ann", "")).Status(401).Pending("provider_signup")
		draft := c.Get("auth/provider/signup").Status(200)
		if draft.Value("data", "account", "uid") != "ann" || draft.Value("data", "account", "provider", "id") != "op" ||
			draft.Value("data", "user", "has_usable_password") != false || draft.Value("data", "user", "id") != nil {
			t.Fatalf("draft: %s", draft.Text)
		}
		c.Post("auth/provider/signup", body{}).Problems("email:required")
		c.Post("auth/provider/signup", body{"email": "nonsense"}).Problems("email:invalid")
		c.Post("auth/provider/signup", body{"email": "ann@example.org"}).Status(401).Pending("verify_email")
		c.Get("auth/provider/signup").Status(409)
		c.Post("auth/email/verify", body{"key": w.Mail("ann@example.org").Key()})
		w.byToken(w.Client(kind), "login", claims("ann", "")).LoggedIn("ann@example.org")
	})
}

func TestSignupFormInTheBrowser(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	if where := w.through(c, "login", userForm("Ann", "")); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	c.Get("auth/session").Status(401).Pending("provider_signup")
	w.Clock.Advance(31 * time.Minute)
	c.Get("auth/session").Status(401).Pending()
	c.Get("auth/provider/signup").Status(409)
}

func TestSignupFormOnDemand(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) { cfg.DisableAutoSignup = true }))
	c := w.Client(app)
	w.byToken(c, "login", claims("ann", "ann@example.org")).Status(401).Pending("provider_signup")
	if text := c.Get("auth/provider/signup").Text; !strings.Contains(text, `"email":[{"email":"ann@example.org","verified":true,"primary":true}]`) {
		t.Fatalf("draft: %s", text)
	}
	c.Post("auth/provider/signup", body{"email": "typed@example.org"}).LoggedIn("ann@example.org")
	if text := c.Get("account/email").Text; !strings.Contains(text, `{"email":"typed@example.org","verified":false,"primary":false}`) {
		t.Fatalf("addresses: %s", text)
	}
}

func TestSignupFormAsksForTheHostsFields(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.Account.SignupForm = func(_ ctx, in map[string]json.RawMessage) (map[string]json.RawMessage, error) {
			if string(in["terms"]) != "true" {
				return nil, &authn.Error{Param: "terms", Code: code.Required}
			}
			return map[string]json.RawMessage{"terms": in["terms"]}, nil
		}
	})
	w.OwnProblems = []string{"terms:required"}
	c := w.Client(app)
	w.byToken(c, "login", claims("ann", "ann@example.org")).Status(401).Pending("provider_signup")
	c.Post("auth/provider/signup", body{"email": "ann@example.org"}).Problems("terms:required")
	c.Post("auth/provider/signup", body{"email": "ann@example.org", "terms": true}).LoggedIn("ann@example.org")
}

func TestSignupGeneratesUsernames(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername}
	})
	for sub, prefix := range map[string]string{"one": "ann", "two": "ann"} {
		answer := w.byToken(w.Client(app), "login", claims(sub, sub+"@example.org")).Status(200)
		if name, _ := answer.Value("data", "user", "username").(string); !strings.HasPrefix(name, prefix) {
			t.Fatalf("username %q", name)
		}
	}
}

func TestSignupWithATakenAddress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		enumeration  account.Enumeration
		verification authn.Verification
		pending      string
	}{
		"mandatory, hidden": {account.PreventEnumeration, authn.VerificationMandatory, "verify_email"},
		"mandatory, told":   {account.AllowEnumeration, authn.VerificationMandatory, "provider_signup"},
		"optional":          {account.PreventEnumeration, authn.VerificationOptional, "provider_signup"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(cfg *allauth.Config) {
				cfg.Account.Enumeration, cfg.Account.EmailVerification = test.enumeration, test.verification
			})
			owner := w.owner("ann@example.org")
			for sub, verified := range map[string]bool{"x": true, "y": false} {
				c := w.Client(app)
				w.Clock.Advance(clienttest.NextLink)
				identity := claims(sub, "ann@example.org")
				identity["email_verified"] = verified
				w.byToken(c, "login", identity).Status(401).Pending(test.pending)
				if test.pending == "verify_email" {
					if mail := w.Mail("ann@example.org"); mail.Kind != "account/account_already_exists" {
						t.Fatalf("mail %s", mail.Kind)
					}
					continue
				}
				c.Post("auth/provider/signup", body{"email": "ann@example.org"}).Problems("email:email_taken")
				c.Get("auth/provider/signup").Status(200)
			}
			if got := uids(owner); got != nil {
				t.Fatalf("connected: %v", got)
			}
		})
	}
}

func TestSignupFormWithATakenAddress(t *testing.T) {
	t.Parallel()
	w := start(t)
	owner := w.SignUp(app, "ann@example.org")
	w.Clock.Advance(clienttest.NextLink)
	c := w.Client(app)
	w.byToken(c, "login", claims("x", "")).Status(401).Pending("provider_signup")
	c.Post("auth/provider/signup", body{"email": "ann@example.org"}).Status(401).Pending("verify_email")
	c.Get("auth/provider/signup").Status(409)
	if mail := w.Mail("ann@example.org"); mail.Kind != "account/account_already_exists" {
		t.Fatalf("mail %s", mail.Kind)
	}
	if got := uids(owner); got != nil {
		t.Fatalf("connected: %v", got)
	}
}

// With PreventEnumerationStrictly the new account gets the address unverified.
func TestSignupUnderStrictPrevention(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.Account.Enumeration, cfg.Account.EmailVerification = account.PreventEnumerationStrictly, authn.VerificationOptional
	})
	owner := w.owner("ann@example.org")
	c := w.Client(app)
	answer := w.byToken(c, "login", claims("x", "ann@example.org")).LoggedIn("ann@example.org")
	if answer.Value("data", "user", "id") == owner.Get("auth/session").Value("data", "user", "id") {
		t.Fatal("merged into the owner's account")
	}
	if text := c.Get("account/email").Text; !strings.Contains(text, `"verified":false`) {
		t.Fatalf("a second account has verified the address: %s", text)
	}
}

func TestSignupHooks(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) {
		cfg.PopulateUser = func(_ ctx, u *newUser, providerID string, id *identity) error {
			u.Display = providerID + " " + id.UID
			return nil
		}
		cfg.ExtraData = func(_ ctx, _ string, profile map[string]any) map[string]any {
			return map[string]any{"name": "kept"}
		}
		cfg.BeforeLogin = func(_ ctx, userID, _ string, id *identity) error {
			if id.UID == "banned" {
				return &authn.Error{Code: "banned"}
			}
			return nil
		}
	}))
	w.OwnProblems = []string{"banned"}
	c := w.Client(app)
	answer := w.byToken(c, "login", claims("ann", "ann@example.org")).Status(200)
	if got := answer.Value("data", "user", "display"); got != "op ann" {
		t.Fatalf("display %v", got)
	}
	if text := c.Get("account/providers").Text; !strings.Contains(text, `"display":"kept"`) {
		t.Fatalf("accounts: %s", text)
	}
	w.byToken(w.Client(app), "login", claims("banned", "b@example.org")).Problems("banned")
}

func TestPendingSignupEndsWithAnotherLogin(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.SignUp(app, "ann@example.org")
	c := w.Client(app)
	w.byToken(c, "login", claims("x", "")).Status(401).Pending("provider_signup")
	c.Post("auth/login", body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
	c.Get("auth/provider/signup").Status(409)
	c.Post("auth/provider/signup", body{"email": "x@example.org"}).Status(409)
	c.Get("auth/session").LoggedIn("ann@example.org")
}

func TestPendingSignupIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(app)
	w.byToken(c, "login", claims("first", "")).Status(401).Pending("provider_signup")
	w.byToken(c, "login", claims("second", "")).Status(401).Pending("provider_signup")
	if got := c.Get("auth/provider/signup").Value("data", "account", "uid"); got != "second" {
		t.Fatalf("pending: %v", got)
	}
}

func TestOnlyProviders(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) { cfg.Only = true }))
	c := w.Client(app)
	for _, flow := range c.Get("auth/session").Flows() {
		if flow != "provider_token" {
			t.Errorf("offers %s", flow)
		}
	}
	for _, endpoint := range []string{"auth/login", "auth/signup", "auth/password/request", "auth/reauthenticate"} {
		c.Post(endpoint, body{}).Status(404)
	}
	w.byToken(c, "login", unverified("ann", "ann@example.org")).LoggedIn("ann@example.org")
	c.Delete("account/providers", body{"provider": "op", "account": "ann"}).Problems("disconnect_last")
}
