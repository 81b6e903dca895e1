package socialaccount_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// identities are the kinds of users at the provider.
var identities = map[string]func(sub string) map[string]any{
	"verified address":               func(sub string) map[string]any { return claims(sub, sub+"@example.org") },
	"verified address beyond ASCII":  func(sub string) map[string]any { return claims(sub, "jürgen-"+sub+"@example.org") },
	"unverified address":             func(sub string) map[string]any { return unverified(sub, sub+"@example.org") },
	"unverified one beyond ASCII":    func(sub string) map[string]any { return unverified(sub, "jürgen-"+sub+"@example.org") },
	"no address":                     func(sub string) map[string]any { return claims(sub, "") },
	"what is no address":             func(sub string) map[string]any { return claims(sub, "no address") },
	"address of an unfinished login": func(sub string) map[string]any { return claims(sub, sub+"@example.org") },
}

// Every user whom the provider authenticates can complete the login, the first
// and the next: every response has a flow to continue with, and every pending
// flow can be completed.
func TestNoLoginThroughAProviderIsADeadEnd(t *testing.T) {
	t.Parallel()
	for _, verification := range []string{"code", "link", "optional", "none"} {
		for _, code := range []bool{false, true} {
			for _, phone := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, code required %v, phone %v", verification, code, phone), func(t *testing.T) {
					t.Parallel()
					w := startOn(t, clienttest.Open(t), func(cfg *allauth.Config) {
						c := &cfg.Account
						switch verification {
						case "code":
							c.EmailVerificationByCode = &account.CodeConfig{}
						case "optional":
							c.EmailVerification = authn.VerificationOptional
						case "none":
							c.EmailVerification = authn.VerificationNone
						}
						if code {
							c.LoginByCode = &account.LoginByCodeConfig{Required: true}
						}
						if phone {
							c.Phone, c.SignupFields = &account.PhoneConfig{}, []string{"email*", "phone*", "password1*"}
						}
					})
					n := 0
					for name, identity := range identities {
						n++
						v := &visitor{world: w, name: name, sub: fmt.Sprint("user", n), phone: fmt.Sprintf("+3161%07d", n)}
						v.identity = identity(v.sub)
						if name == "address of an unfinished login" {
							if answer := v.logIn(); answer.StatusCode == 401 && !answer.IsPending("provider_signup") {
								v.sent()
							}
							w.Clock.Advance(4 * time.Minute)
						}
						for range 2 {
							v.walk()
							w.Clock.Advance(4 * time.Minute)
						}
					}
				})
			}
		}
	}
}

// visitor is a user who logs in through the provider.
type visitor struct {
	*world
	name, sub, phone string
	identity         map[string]any
	client           *clienttest.Client
}

func (v *visitor) logIn() *clienttest.Answer {
	v.client = v.Client(app)
	return v.byToken(v.client, "login", v.identity)
}

func (v *visitor) walk() {
	v.t.Helper()
	answer := v.logIn()
	for range 8 {
		if answer.StatusCode == 200 {
			v.client.Get("auth/session").Status(200)
			return
		}
		v.Clock.Advance(40 * time.Second)
		switch {
		case answer.StatusCode == 401 && answer.IsPending("provider_signup"):
			fields := body{"email": v.sub + "@given.example"}
			if v.Config.Account.Phone != nil {
				fields["phone"] = v.phone
			}
			answer = v.client.Post("auth/provider/signup", fields)
		case answer.StatusCode == 401 && answer.IsPending("verify_phone"):
			answer = v.client.Post("auth/phone/verify", body{"code": v.Secret(v.phone)})
		case answer.StatusCode == 401 && answer.IsPending("verify_email"):
			answer = v.verifyEmail()
		case answer.StatusCode == 401 && answer.IsPending("login_by_code"):
			answer = v.client.Post("auth/code/confirm", body{"code": v.sent()})
			for answer.StatusCode == 400 { // it was the link of a sign-up
				answer = v.client.Post("auth/code/confirm", body{"code": v.sent()})
			}
		default:
			v.t.Fatalf("%s: a dead end: %d %s", v.name, answer.StatusCode, answer.Text)
		}
	}
	v.t.Fatalf("%s: no end: %s", v.name, answer.Text)
}

// verifyEmail verifies the awaited address. After a link the user logs in again.
func (v *visitor) verifyEmail() *clienttest.Answer {
	v.t.Helper()
	answer := v.client.Post("auth/email/verify", body{"key": v.sent()})
	if answer.StatusCode == 401 && len(answer.Flows()) > 0 && v.Config.Account.EmailVerificationByCode == nil &&
		!answer.IsPending("verify_phone") && !answer.IsPending("login_by_code") {
		return v.logIn()
	}
	return answer
}

// sent returns the code or key that was sent last.
func (v *visitor) sent() string {
	v.t.Helper()
	return v.Secret(v.sub+"@example.org", "jürgen-"+v.sub+"@example.org", v.sub+"@given.example", v.phone)
}
