package socialaccount_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/mfa"
)

// A login through a provider is one factor, in every flow and however the account
// was found.
func TestProviderLoginAsksForTheSecondFactor(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.MFA = &mfa.Config{}
		cfg.SocialAccount.EmailAuthentication = true
	})
	owner := w.SignUp(app, "ann@example.org")
	w.byToken(owner, "connect", claims("name:ann", "")).LoggedIn("ann@example.org")
	secret, _ := owner.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	code := func() string {
		w.Clock.Advance(30 * time.Second) // no code is accepted twice
		code, err := totp.GenerateCode(secret, w.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	owner.Post("account/authenticators/totp", body{"code": code()}).Status(200)

	byRedirect := w.Client(browser)
	if where := w.through(byRedirect, "login", userForm("Ann", "")); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	byRedirect.Get("account/providers").Status(401).Pending("mfa_authenticate")
	byRedirect.Post("auth/2fa/authenticate", body{"code": "000000"}).Problems("code:incorrect_code")
	byRedirect.Post("auth/2fa/authenticate", body{"code": code()}).LoggedIn("ann@example.org")

	byToken := w.Client(app)
	w.byToken(byToken, "login", claims("name:ann", "")).Status(401).Pending("mfa_authenticate")
	byToken.Post("auth/2fa/authenticate", body{"code": code()}).LoggedIn("ann@example.org")

	byAddress := w.Client(app)
	w.byToken(byAddress, "login", claims("x", "ann@example.org")).Status(401).Pending("mfa_authenticate")
	byAddress.Post("auth/2fa/authenticate", body{"code": code()}).LoggedIn("ann@example.org")
}
