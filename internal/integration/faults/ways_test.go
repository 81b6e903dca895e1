package faults_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/internal/integration/softkey"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// way is a request that changes something. Each run is by another user.
type way struct {
	name string
	// status is the status of the response.
	status int
	edit   func(s *site, cfg *allauth.Config)
	// prepare runs the requests before it, and returns the client and the
	// request.
	prepare func(s *site, n int) (c *clienttest.Client, send func() *clienttest.Answer)
}

var ways = slices.Concat(loginWays, accountWays)

// loginWays are the requests that log in, sign up or reset a password.
var loginWays = []way{
	{"login by password", 200, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(browser)
		c.Get("config").Status(200)
		return c, func() *clienttest.Answer {
			return c.Post("auth/login", body{"email": email(n), "password": password})
		}
	}},
	{"login by password, from a new device", 200, alerts, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.loggedIn(browser, email(n))
		c := s.Client(browser)
		c.Get("config").Status(200)
		return c, func() *clienttest.Answer {
			return c.Post("auth/login", body{"email": email(n), "password": password})
		}
	}},
	{"disowned login", 200, alerts, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.loggedIn(browser, email(n))
		s.LogIn(app, email(n))
		key := s.MailOf("account/login_from_new_device", email(n)).Key()
		c := s.Client(app)
		return c, func() *clienttest.Answer { return c.Post("account/login-alert", body{"key": key}) }
	}},
	{"login by password, with tokens", 200, tokens, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(app)
		return c, func() *clienttest.Answer {
			answer := c.Post("auth/login", body{"email": email(n), "password": password})
			if answer.StatusCode != 200 {
				return answer
			}
			return c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken})
		}
	}},
	{"refresh of tokens", 200, tokens, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		return c, func() *clienttest.Answer {
			return c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken})
		}
	}},
	{"sign-up by link", 401, nil, signUp},
	{"sign-up by code", 401, codes, signUp},
	{"sign-up with a phone number", 401, phones, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.Client(app)
		return c, func() *clienttest.Answer {
			return c.Post("auth/signup", body{"email": email(n), "phone": number(n), "password": password})
		}
	}},
	{"sign-up with optional verification", 200, optional, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.Client(app)
		return c, func() *clienttest.Answer {
			return c.Post("auth/signup", body{"email": email(n), "password": password})
		}
	}},
	{"sign-up with a taken address", 401, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		return signUp(s, n)
	}},
	{"verification by link", 401, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c, send := signUp(s, n)
		send()
		key := s.Mail(email(n)).Key()
		return c, func() *clienttest.Answer { return c.Post("auth/email/verify", body{"key": key}) }
	}},
	{"verification by code", 200, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c, send := signUp(s, n)
		send()
		code := s.Mail(email(n)).Code()
		return c, func() *clienttest.Answer { return c.Post("auth/email/verify", body{"key": code}) }
	}},
	{"verification of a phone number", 401, phones, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.Client(app)
		c.Post("auth/signup", body{"email": email(n), "phone": number(n), "password": password}).Status(401).Pending("verify_phone")
		code := s.Text(number(n)).Code()
		return c, func() *clienttest.Answer {
			return c.Post("auth/phone/verify", body{"code": code})
		}
	}},
	{"login code, request", 401, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(app)
		return c, func() *clienttest.Answer {
			return c.Post("auth/code/request", body{"email": email(n)})
		}
	}},
	{"login code, confirm", 200, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(app)
		c.Post("auth/code/request", body{"email": email(n)}).Status(401).Pending("login_by_code")
		code := s.MailOf("account/login_code", email(n)).Code()
		return c, func() *clienttest.Answer { return c.Post("auth/code/confirm", body{"code": code}) }
	}},
	{"login code, resend", 200, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(app)
		c.Post("auth/code/request", body{"email": email(n)}).Status(401).Pending("login_by_code")
		s.MailOf("account/login_code", email(n))
		return c, func() *clienttest.Answer { return c.Post("auth/code/resend", nil) }
	}},
	{"reset by code", 401, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(app)
		c.Post("auth/password/request", body{"email": email(n)}).Status(401)
		code := s.MailOf("account/password_reset_code", email(n)).Code()
		return c, func() *clienttest.Answer {
			return c.Post("auth/password/reset", body{"key": code, "password": "Another-1-horse"})
		}
	}},
	{"verification by link of an address given in a login", 401, factors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.givesAddress(email(n), "right-"+email(n))
		key := s.Mail("right-" + email(n)).Key()
		return c, func() *clienttest.Answer { return c.Post("auth/email/verify", body{"key": key}) }
	}},
	{"verification by code of an address given in a login", 401, codesAndFactors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.givesAddress(email(n), "right-"+email(n))
		code := s.Mail("right-" + email(n)).Code()
		return c, func() *clienttest.Answer { return c.Post("auth/email/verify", body{"key": code}) }
	}},
	{"TOTP", 200, factors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		_, secret := s.withTOTP(email(n))
		c := s.awaitingFactor(email(n))
		return c, func() *clienttest.Answer {
			return c.Post("auth/2fa/authenticate", body{"code": s.totp(secret)})
		}
	}},
	{"recovery code", 200, factors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		owner, _ := s.withTOTP(email(n))
		list, _ := owner.Get("account/authenticators/recovery-codes").Status(200).Value("data", "unused_codes").([]any)
		c := s.awaitingFactor(email(n))
		return c, func() *clienttest.Answer {
			return c.Post("auth/2fa/authenticate", body{"code": list[0]})
		}
	}},
	{"login by passkey", 200, passkeys, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		key := s.withPasskey(email(n))
		c := s.Client(browser)
		credential := key.Get(s.t, c.Get(passkeyPath).Status(200).Value("data", "request_options"))
		return c, func() *clienttest.Answer { return c.Post(passkeyPath, body{"credential": credential}) }
	}},
	{"activation of TOTP in a login that requires a second factor", 200, enrolls, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.awaitingEnrolment(email(n))
		secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
		return c, func() *clienttest.Answer {
			return c.Post("account/authenticators/totp", body{"code": s.totp(secret)})
		}
	}},
	{"passkey in a login that requires a second factor", 200, enrolls, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		const path = "account/authenticators/webauthn"
		c := s.awaitingEnrolment(email(n))
		key := softkey.New(s.Config.BaseURL)
		return c, func() *clienttest.Answer {
			answer := c.Get(path + "?passwordless")
			if answer.StatusCode != 200 {
				return answer
			}
			return c.Post(path, body{"credential": key.Create(s.t, answer.Value("data", "creation_options"))})
		}
	}},
	{"login through a provider", 200, providers, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.fromProvider(s.Client(app), n).LoggedIn(email(n))
		c := s.Client(app)
		return c, func() *clienttest.Answer { return s.fromProvider(c, n) }
	}},
	{"sign-up through a provider", 200, providers, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.Client(app)
		return c, func() *clienttest.Answer { return s.fromProvider(c, n) }
	}},
}

func email(n int) string  { return fmt.Sprintf("ann%d@example.org", n) }
func number(n int) string { return fmt.Sprintf("+3161234%04d", n) }

// subject is the id of the n-th user at the provider.
func subject(n int) string { return fmt.Sprint("subject", n) }

func signUp(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
	c := s.Client(app)
	return c, func() *clienttest.Answer {
		return c.Post("auth/signup", body{"email": email(n), "password": password})
	}
}

func alerts(_ *site, cfg *allauth.Config) { cfg.Account.LoginAlerts = true }

func codes(_ *site, cfg *allauth.Config) {
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{Changes: 1}
	cfg.Account.PasswordResetByCode = &account.CodeConfig{}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 1}}
}

func phones(s *site, cfg *allauth.Config) {
	codes(s, cfg)
	cfg.Account.Phone = &account.PhoneConfig{CodeConfig: account.CodeConfig{Changes: 1}}
	cfg.Account.SignupFields = []string{"email*", "phone*", "password1*"}
}

func optional(_ *site, cfg *allauth.Config) {
	cfg.Account.EmailVerification = authn.VerificationOptional
}

func codesAndFactors(s *site, cfg *allauth.Config) {
	codes(s, cfg)
	factors(s, cfg)
}

func factors(_ *site, cfg *allauth.Config) { cfg.MFA = &mfa.Config{} }

func passkeys(_ *site, cfg *allauth.Config) {
	cfg.BaseURL = strings.Replace(cfg.BaseURL, "127.0.0.1", "localhost", 1) // keys are bound to a host name
	cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.WebAuthn}, PasskeyLoginEnabled: true}
}

// enrolls makes users add a second factor.
func enrolls(s *site, cfg *allauth.Config) {
	passkeys(s, cfg)
	tokens(s, cfg)
	cfg.MFA.SupportedTypes = []mfa.Type{mfa.TOTP, mfa.WebAuthn, mfa.RecoveryCodes}
	cfg.MFA.RequiredFor = func(context.Context, *authn.User) (bool, error) { return true, nil }
}

func tokens(s *site, cfg *allauth.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	cfg.Tokens = &token.Config{Keys: []token.Key{{Private: key}}}
}

// providers starts an OpenID provider that the server trusts.
func providers(s *site, cfg *allauth.Config) {
	op, err := demoprovider.Start(demoprovider.Config{ClientID: "op", ClientSecret: "secret", Key: demoprovider.SharedKey()}, "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.op = op
	s.t.Cleanup(func() { _ = op.Close(context.Background()) })
	cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{
		Provider: "openid_connect", ProviderID: "op", Name: "OP", ClientID: "op", ClientSecret: "secret",
		Settings: provider.Settings{ServerURL: op.Issuer()},
	}}}
}

// fromProvider logs the n-th user in by an ID token.
func (s *site) fromProvider(c *clienttest.Client, n int) *clienttest.Answer {
	s.t.Helper()
	return s.sendIDToken(c, n, "login")
}

// sendIDToken posts an ID token of the n-th user.
func (s *site) sendIDToken(c *clienttest.Client, n int, process string) *clienttest.Answer {
	s.t.Helper()
	idToken, err := s.op.IDToken(map[string]any{"sub": subject(n), "name": "Ann", "email": email(n), "email_verified": true})
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Post("auth/provider/token", body{"provider": "op", "process": process, "token": body{"client_id": "op", "id_token": idToken}})
}

// eachWay runs a test for every way whose name matches, on a server of its own.
func eachWay(t *testing.T, names string, test func(t *testing.T, w way)) {
	match := regexp.MustCompile(names)
	for _, w := range ways {
		if !match.MatchString(w.name) {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}

// withFault sends a request that meets the fault of a header at its n-th statement, and
// reports whether there were as many.
func withFault(c *clienttest.Client, header string, n int, send func() *clienttest.Answer) (answer *clienttest.Answer, happened bool) {
	c.Header.Set(header, fmt.Sprint(n))
	answer = send()
	c.Header.Del(header)
	return answer, answer.Trailer.Get(header) == "true"
}
