package faults_test

import (
	"net/url"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// accountWays are the requests that change an account, a session or what waits in it.
var accountWays = []way{
	{"reset by link", 401, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(app)
		c.Post("auth/password/request", body{"email": email(n)}).Status(200)
		key := s.MailOf("account/password_reset_key", email(n)).Key()
		return c, func() *clienttest.Answer {
			return c.Post("auth/password/reset", body{"key": key, "password": "Another-1-horse"})
		}
	}},
	{"change of the password", 200, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		return c, func() *clienttest.Answer {
			return c.Post("account/password/change", body{"current_password": password, "new_password": "Another-1-horse"})
		}
	}},
	{"reauthentication", 200, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(browser, email(n))
		return c, func() *clienttest.Answer {
			return c.Post("auth/reauthenticate", body{"password": password})
		}
	}},
	{"reauthentication by code, request", 401, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.byCodeOnly(email(n))
		return c, func() *clienttest.Answer { return c.Post("auth/code/request", body{}) }
	}},
	{"reauthentication by code, confirm", 200, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.byCodeOnly(email(n))
		c.Post("auth/code/request", body{}).Status(401).Pending("login_by_code")
		code := s.MailOf("account/reauthentication_code", email(n)).Code()
		return c, func() *clienttest.Answer { return c.Post("auth/code/confirm", body{"code": code}) }
	}},
	{"another address", 200, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		return c, func() *clienttest.Answer {
			return c.Post("account/email", body{"email": "second-" + email(n)})
		}
	}},
	{"removal of an address", 200, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.withTwoAddresses(n)
		return c, func() *clienttest.Answer {
			return c.Delete("account/email", body{"email": "second-" + email(n)})
		}
	}},
	{"change of the primary address", 200, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.withTwoAddresses(n)
		return c, func() *clienttest.Answer {
			return c.Patch("account/email", body{"email": "second-" + email(n), "primary": true})
		}
	}},
	{"correction of an address", 200, codes, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c, send := signUp(s, n)
		send()
		return c, func() *clienttest.Answer { return c.Post("account/email", body{"email": "right-" + email(n)}) }
	}},
	{"correction of a phone number", 202, phones, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.Client(app)
		c.Post("auth/signup", body{"email": email(n), "phone": number(n), "password": password}).Status(401).Pending("verify_phone")
		return c, func() *clienttest.Answer { return c.Post("account/phone", body{"phone": number(5000 + n)}) }
	}},
	{"change of the phone number", 202, phones, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		return c, func() *clienttest.Answer { return c.Post("account/phone", body{"phone": number(n)}) }
	}},
	{"verification of the new phone number", 200, phones, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		c.Post("account/phone", body{"phone": number(n)}).Status(202)
		code := s.Text(number(n)).Code()
		return c, func() *clienttest.Answer { return c.Post("auth/phone/verify", body{"code": code}) }
	}},
	{"setup of TOTP", 404, factors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		c.Get("account/authenticators/totp").Status(404)
		return c, func() *clienttest.Answer { return c.Get("account/authenticators/totp") }
	}},
	{"activation of TOTP", 200, factors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
		code := s.totp(secret)
		return c, func() *clienttest.Answer { return c.Post("account/authenticators/totp", body{"code": code}) }
	}},
	{"deactivation of TOTP", 200, factors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c, _ := s.withTOTP(email(n))
		return c, func() *clienttest.Answer { return c.Delete("account/authenticators/totp", nil) }
	}},
	{"reset of recovery codes", 200, factors, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c, _ := s.withTOTP(email(n))
		return c, func() *clienttest.Answer { return c.Post("account/authenticators/recovery-codes", nil) }
	}},
	{"challenge of a security key", 200, keys, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		c.Get("account/authenticators/webauthn").Status(200)
		return c, func() *clienttest.Answer { return c.Get("account/authenticators/webauthn") }
	}},
	{"trust of a browser", 200, trust, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		s.member(email(n))
		c := s.Client(browser)
		c.Post("auth/login", body{"email": email(n), "password": password}).Status(401).Pending("login_by_code")
		c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", email(n)).Code()}).Status(401).Pending("mfa_trust")
		return c, func() *clienttest.Answer { return c.Post("auth/2fa/trust", body{"trust": true}) }
	}},
	{"connection of a provider", 200, providers, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		return c, func() *clienttest.Answer { return s.sendIDToken(c, n, "connect") }
	}},
	{"removal of a provider", 200, providers, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(app, email(n))
		s.sendIDToken(c, n, "connect").Status(200)
		return c, func() *clienttest.Answer {
			return c.Delete("account/providers", body{"provider": "op", "account": subject(n)})
		}
	}},
	{"end of other sessions", 200, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(browser, email(n))
		s.LogIn(app, email(n))
		s.LogIn(browser, email(n))
		list, _ := c.Get("auth/sessions").Status(200).Value("data").([]any)
		var ids []any
		for _, item := range list {
			if one, _ := item.(map[string]any); one["is_current"] == false {
				ids = append(ids, one["id"])
			}
		}
		return c, func() *clienttest.Answer { return c.Delete("auth/sessions", body{"sessions": ids}) }
	}},
	{"logout", 401, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		c := s.loggedIn(browser, email(n))
		return c, func() *clienttest.Answer { return c.Delete("auth/session", nil) }
	}},
	{"logout with two cookies", 401, nil, func(s *site, n int) (*clienttest.Client, func() *clienttest.Answer) {
		older := s.loggedIn(browser, email(n))
		s.Clock.Advance(time.Second)
		c := s.LogIn(browser, email(n))
		c.Header.Set("Cookie", "sessionid="+older.Cookie("sessionid"))
		return c, func() *clienttest.Answer { return c.Delete("auth/session", nil) }
	}},
}

// byCodeOnly returns a client in which a user without a password is logged in.
func (s *site) byCodeOnly(email string) *clienttest.Client {
	s.t.Helper()
	if _, err := clienttest.Create(s.t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: email}, EmailVerified: true}); err != nil {
		s.t.Fatal(err)
	}
	c := s.Client(app)
	c.Post("auth/code/request", body{"email": email}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", email).Code()}).LoggedIn(email)
	return c
}

// withTwoAddresses returns a client in which a user with a second, verified address is
// logged in.
func (s *site) withTwoAddresses(n int) *clienttest.Client {
	s.t.Helper()
	c := s.loggedIn(app, email(n))
	c.Post("account/email", body{"email": "second-" + email(n)}).Status(200)
	c.Post("auth/email/verify", body{"key": s.Mail("second-" + email(n)).Key()}).Status(200)
	return c
}

func keys(_ *site, cfg *allauth.Config) {
	u, _ := url.Parse(cfg.BaseURL)
	cfg.BaseURL = "http://localhost:" + u.Port() // keys are bound to a host name
	cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.WebAuthn}}
}

// trust asks for a code after each password, except in trusted browsers.
func trust(_ *site, cfg *allauth.Config) {
	cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{}}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: true}
}
