package mfa_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage/memstore"
)

// loginSteps are the steps of a password login that a trusted browser may skip.
var loginSteps = []string{"login_by_code", "mfa_authenticate", "mfa_trust"}

// factor completes the second factor of one user.
type factor func(c *clienttest.Client) *clienttest.Answer

// factorKinds are the second factors that a user may have.
var factorKinds = map[string]func(t *testing.T, s *clienttest.Server, owner *clienttest.Client) factor{
	"none": func(*testing.T, *clienttest.Server, *clienttest.Client) factor { return nil },
	"app": func(t *testing.T, s *clienttest.Server, owner *clienttest.Client) factor {
		a := addApp(t, s, owner)
		return func(c *clienttest.Client) *clienttest.Answer {
			return c.Post("auth/2fa/authenticate", body{"code": a.code(0)})
		}
	},
	"recovery code": func(t *testing.T, s *clienttest.Server, owner *clienttest.Client) factor {
		addApp(t, s, owner)
		codes := codesOf(owner)
		return func(c *clienttest.Client) *clienttest.Answer {
			code := codes[0]
			codes = codes[1:]
			return c.Post("auth/2fa/authenticate", body{"code": code})
		}
	},
	"key": func(t *testing.T, s *clienttest.Server, owner *clienttest.Client) factor {
		d := addKey(t, s, owner, false)
		return func(c *clienttest.Client) *clienttest.Answer {
			return c.Post(authenticatePath, body{"credential": d.get(request(c.Get(authenticatePath)))})
		}
	},
}

// walk logs in with a password and completes every step. It returns the steps.
func walk(t *testing.T, s *clienttest.Server, c *clienttest.Client, show factor) []string {
	t.Helper()
	s.Clock.Advance(5 * time.Minute) // the next time step, and the limits on codes
	steps := []string{}
	answer := c.Post("auth/login", body{"email": ann, "password": password})
	for answer.StatusCode == 401 {
		switch pending := slices.IndexFunc(loginSteps, answer.IsPending); pending {
		case 0:
			answer = c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()})
			steps = append(steps, loginSteps[pending])
		case 1:
			answer = show(c)
			steps = append(steps, loginSteps[pending])
		case 2:
			answer = c.Post(trustPath, body{"trust": true})
			steps = append(steps, loginSteps[pending])
		default:
			t.Fatalf("after %v: %s", steps, answer.Text)
		}
	}
	answer.LoggedIn(ann)
	c.Delete("auth/session", nil).Status(401)
	c.Token = ""
	return steps
}

// Each setting of trust lets a browser skip only its own step.
func TestEachTrustSkipsItsOwnStepOnly(t *testing.T) {
	t.Parallel()
	for name, add := range factorKinds {
		for _, factorTrust := range []bool{false, true} {
			for _, codeTrust := range []bool{false, true} {
				t.Run(fmt.Sprintf("factor %s, mfa %v, code %v", name, factorTrust, codeTrust), func(t *testing.T) {
					t.Parallel()
					s := start(t, trustSettings(factorTrust, codeTrust))
					show := withFactor(t, s, add)

					untrusted := []string{"login_by_code"}
					if show != nil {
						untrusted = append(untrusted, "mfa_authenticate")
					}
					first, trusted := slices.Clone(untrusted), slices.Clone(untrusted)
					if codeTrust || factorTrust && show != nil {
						first = append(first, "mfa_trust")
					}
					if codeTrust {
						trusted = slices.DeleteFunc(trusted, func(step string) bool { return step == "login_by_code" })
					}
					if factorTrust {
						trusted = slices.DeleteFunc(trusted, func(step string) bool { return step == "mfa_authenticate" })
					}

					browser := s.Client(clienttest.Browser)
					steps(t, "first login of the browser", walk(t, s, browser, show), first)
					steps(t, "second login of the browser", walk(t, s, browser, show), trusted)
					steps(t, "login of another browser", walk(t, s, s.Client(clienttest.Browser), show), first)

					app := s.Client(clienttest.App)
					steps(t, "first login of the app", walk(t, s, app, show), untrusted)
					app.SetCookie("mfa_trusted", browser.Cookie("mfa_trusted"))
					steps(t, "login of the app with the browser's cookie", walk(t, s, app, show), untrusted)
				})
			}
		}
	}
}

// A browser that was trusted after a code skips no second factor under any later
// settings.
func TestTrustAfterACodeNeverCoversTheSecondFactor(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, every, trustSettings(false, true))
	owner := signUpByCode(s)
	a := addApp(t, s, owner)
	show := func(c *clienttest.Client) *clienttest.Answer {
		return c.Post("auth/2fa/authenticate", body{"code": a.code(0)})
	}
	browser := s.Client(clienttest.Browser)
	steps(t, "first login", walk(t, s, browser, show), []string{"login_by_code", "mfa_authenticate", "mfa_trust"})
	steps(t, "second login", walk(t, s, browser, show), []string{"mfa_authenticate"})

	later := clienttest.StartOn(t, store, every, trustSettings(true, true))
	later.Clock.Advance(s.Clock.Now().Sub(later.Clock.Now()))
	moved := later.Client(clienttest.Browser)
	moved.SetCookie("mfa_trusted", browser.Cookie("mfa_trusted"))
	a.s = later
	steps(t, "login under the later settings", walk(t, later, moved, show), []string{"mfa_authenticate", "mfa_trust"})
	steps(t, "login after that", walk(t, later, moved, show), []string{})
}

func trustSettings(factorTrust, codeTrust bool) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) {
		cfg.MFA.SupportedTypes = []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn}
		cfg.MFA.TrustEnabled = factorTrust
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: codeTrust}
	}
}

// signUpByCode returns a client of a new account that has just logged in with a
// code.
func signUpByCode(s *clienttest.Server) *clienttest.Client {
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", body{"email": ann, "password": password}).Status(401)
	owner.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).LoggedIn(ann)
	return owner
}

func withFactor(t *testing.T, s *clienttest.Server, add func(*testing.T, *clienttest.Server, *clienttest.Client) factor) factor {
	t.Helper()
	return add(t, s, signUpByCode(s))
}

func steps(t *testing.T, login string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: steps %v, want %v", login, got, want)
	}
}
