package headless_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

type body = clienttest.Body

const ann = "ann@example.org"

// delays are the two ways in which a response is late.
var delays = map[string]func(c *clienttest.Client, endpoint string) *clienttest.Late{
	"the answer is late": func(c *clienttest.Client, endpoint string) *clienttest.Late {
		return c.AnswerLate(http.MethodGet, endpoint, nil)
	},
	"the request is late": func(c *clienttest.Client, endpoint string) *clienttest.Late {
		return c.SendLate(http.MethodGet, endpoint, nil)
	},
}

func byCodes(cfg *allauth.Config) {
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
}

// changes are the requests that give a browser another session. Each prepares a
// browser and returns a function that sends the request.
var changes = []struct {
	name    string
	prepare func(s *clienttest.Server, c *clienttest.Client) (change func())
}{
	{"a login by code", func(s *clienttest.Server, c *clienttest.Client) func() {
		s.SignUp(clienttest.App, ann)
		c.Post("auth/code/request", body{"email": ann}).Status(401).Pending("login_by_code")
		code := s.MailOf("account/login_code", ann).Code()
		return func() { c.Post("auth/code/confirm", body{"code": code}).LoggedIn(ann) }
	}},
	{"a login by password", func(s *clienttest.Server, c *clienttest.Client) func() {
		s.SignUp(clienttest.App, ann)
		c.Get("config").Status(200)
		return func() { c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann) }
	}},
	{"a login in the place of another flow", func(s *clienttest.Server, c *clienttest.Client) func() {
		s.SignUp(clienttest.App, ann)
		c.Post("auth/code/request", body{"email": ann}).Status(401).Pending("login_by_code")
		return func() { c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann) }
	}},
	{"the end of a sign-up", func(s *clienttest.Server, c *clienttest.Client) func() {
		c.Post("auth/signup", body{"email": ann, "password": clienttest.Password}).Status(401).Pending("verify_email")
		code := s.Mail(ann).Code()
		return func() { c.Post("auth/email/verify", body{"key": code}).LoggedIn(ann) }
	}},
	{"a change of the password", func(s *clienttest.Server, c *clienttest.Client) func() {
		s.SignUp(clienttest.App, ann)
		c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann)
		return func() {
			c.Post("account/password/change", body{"current_password": clienttest.Password, "new_password": "Another-1-horse"}).LoggedIn(ann)
		}
	}},
	{"a login after a logout", func(s *clienttest.Server, c *clienttest.Client) func() {
		s.SignUp(clienttest.App, ann)
		c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann)
		return func() {
			c.Delete("auth/session", nil).Status(401)
			c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann)
		}
	}},
}

// A page requests the session several times while the user logs in or changes the
// password. A request that was sent before the change does not change the cookies
// that the change has set.
func TestALateAnswerUndoesNothing(t *testing.T) {
	t.Parallel()
	for _, change := range changes {
		for delay, send := range delays {
			t.Run(change.name+", "+delay, func(t *testing.T) {
				t.Parallel()
				s := clienttest.Start(t, byCodes)
				c := s.Client(clienttest.Browser)
				do := change.prepare(s, c)
				var late []*clienttest.Late
				for _, endpoint := range []string{"auth/session", "config", "auth/session", "account/email"} {
					late = append(late, send(c, endpoint))
				}
				do()
				session, token := c.Cookie("sessionid"), c.Cookie("csrftoken")
				for _, one := range late {
					if answer := one.Deliver(); answer.StatusCode == http.StatusGone || len(answer.Cookies()) > 0 {
						t.Errorf("a late answer has status %d and sets %v", answer.StatusCode, answer.Cookies())
					}
				}
				if c.Cookie("sessionid") != session || c.Cookie("csrftoken") != token {
					t.Error("a late answer changed the cookies")
				}
				c.Get("auth/session").LoggedIn(ann)
				c.Delete("auth/session", nil).Status(401)
				if c.Cookie("sessionid") != "" {
					t.Error("the logout left the session cookie")
				}
			})
		}
	}
}

// The browser has no cookies when the page requests the session, and the login is
// answered first. The token in the late response was created before the login.
func TestALateFirstAnswerUndoesNothing(t *testing.T) {
	t.Parallel()
	for delay, send := range delays {
		t.Run(delay, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t)
			s.SignUp(clienttest.App, ann)
			c := s.Client(clienttest.Browser)
			c.Header.Set("Origin", s.URL)
			late := []*clienttest.Late{send(c, "auth/session"), send(c, "auth/session")}
			c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann)
			session := c.Cookie("sessionid")
			for _, one := range late {
				one.Deliver().Status(401)
			}
			if c.Cookie("sessionid") != session {
				t.Error("a late answer changed the session")
			}
			again := body{"password": clienttest.Password}
			script := c.Tab() // sends no headers of a browser
			script.Header.Del("Origin")
			script.Post("auth/reauthenticate", again).Status(403)
			c.Post("auth/reauthenticate", again).LoggedIn(ann)
			script.Post("auth/reauthenticate", again).LoggedIn(ann) // with the token of the late response
		})
	}
}

// A known device that becomes a trusted browser keeps both cookies.
func TestALateAnswerUndoesNoTrust(t *testing.T) {
	t.Parallel()
	for delay, send := range delays {
		t.Run(delay, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, func(cfg *allauth.Config) {
				cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{}}
				cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: true}
			})
			user, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: ann}, EmailVerified: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Auth.Users().SetPassword(t.Context(), user.ID, clienttest.Password); err != nil {
				t.Fatal(err)
			}
			c := s.Client(clienttest.Browser)
			late := []*clienttest.Late{send(c, "auth/session")}
			c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).Status(401).Pending("login_by_code")
			late = append(late, send(c, "auth/session"))
			c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("mfa_trust")
			late = append(late, send(c, "auth/session"))
			c.Post("auth/2fa/trust", body{"trust": true}).LoggedIn(ann)
			trusted, known := c.Cookie("mfa_trusted"), c.Cookie("known_device")
			for _, one := range late {
				one.Deliver()
			}
			if trusted == "" || known == "" || c.Cookie("mfa_trusted") != trusted || c.Cookie("known_device") != known {
				t.Error("a late answer changed the cookies")
			}
			c.Get("auth/session").LoggedIn(ann)
		})
	}
}

// Two tabs log in at the same time, then one of them changes the password while
// the other one sends requests, then one of them logs out.
func TestSeveralTabs(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, ann)
	c := s.Client(clienttest.Browser)
	c.Header.Set("Origin", s.URL)
	c.Get("config").Status(200)
	tabs := []*clienttest.Client{c.Tab(), c.Tab(), c.Tab()}
	login := body{"email": ann, "password": clienttest.Password}
	var late []*clienttest.Late
	for _, tab := range tabs {
		late = append(late, tab.AnswerLate(http.MethodPost, "auth/login", login))
	}
	for _, one := range late {
		one.Deliver().LoggedIn(ann)
	}
	for _, tab := range tabs {
		tab.Get("auth/session").LoggedIn(ann)
		tab.Post("auth/reauthenticate", body{"password": clienttest.Password}).LoggedIn(ann)
	}
	stale := tabs[1].SendLate(http.MethodPost, "auth/reauthenticate", body{"password": clienttest.Password})
	tabs[0].Post("account/password/change", body{"current_password": clienttest.Password, "new_password": "Another-1-horse"}).LoggedIn(ann)
	stale.Deliver().Status(401)
	for _, tab := range tabs {
		tab.Get("auth/session").LoggedIn(ann)
	}
	stale = tabs[1].SendLate(http.MethodGet, "auth/session", nil)
	tabs[0].Delete("auth/session", nil).Status(401)
	stale.Deliver().Status(401)
	for _, tab := range tabs {
		tab.Get("auth/session").Status(401)
		tab.Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400) // and not 403
	}
}

// A logout that was sent before a login arrives after it: the login stays.
func TestALateLogoutEndsTheSessionThatItWasSentFor(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(clienttest.App, ann)
	c := s.LogIn(clienttest.Browser, ann)
	c.Delete("auth/session", nil).Status(401)
	late := c.SendLate(http.MethodDelete, "auth/session", nil)
	c.Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann)
	if answer := late.Deliver().Status(401); len(answer.Cookies()) > 0 {
		t.Errorf("a logout without a session sets %v", answer.Cookies())
	}
	c.Get("auth/session").LoggedIn(ann)
}

// The requests really run concurrently: in any order, the login stays.
func TestParallelRequestsBesideALogin(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, byCodes)
	s.SignUp(clienttest.App, ann)
	for range 20 {
		s.Clock.Advance(2 * time.Hour)
		c := s.Client(clienttest.Browser)
		c.Post("auth/code/request", body{"email": ann}).Status(401)
		code := s.MailOf("account/login_code", ann).Code()
		tabs := []*clienttest.Client{c.Tab(), c.Tab(), c.Tab(), c.Tab()}
		clienttest.Parallel(len(tabs), func(i int) {
			if i == 0 {
				tabs[i].Post("auth/code/confirm", body{"code": code}).LoggedIn(ann)
			} else {
				tabs[i].Get("auth/session")
			}
		})
		c.Get("auth/session").LoggedIn(ann)
		c.Post("auth/code/request", body{"email": ann}).Status(200) // and not 403
	}
}

// An app whose token was replaced while a request was under way must not drop the
// new one, as it would at 410.
func TestAnAppKeepsItsNewToken(t *testing.T) {
	t.Parallel()
	for _, change := range changes {
		if !slices.Contains([]string{"a login by code", "the end of a sign-up", "a change of the password"}, change.name) {
			continue
		}
		for delay, send := range delays {
			t.Run(change.name+", "+delay, func(t *testing.T) {
				t.Parallel()
				s := clienttest.Start(t, byCodes)
				c := s.Client(clienttest.App)
				do := change.prepare(s, c)
				old := c.Clone()
				late := []*clienttest.Late{send(c, "auth/session"), send(c, "account/email")}
				do()
				for _, one := range late {
					if answer := one.Deliver(); answer.StatusCode == http.StatusGone || answer.Value("meta", "session_token") != nil {
						t.Errorf("a request by the old token got %s", answer.Text)
					}
				}
				c.Get("auth/session").LoggedIn(ann)
				// The old token is invalid, which is told after a minute.
				old.Get("auth/session").Status(401)
				old.Get("auth/sessions").Status(401)
				s.Clock.Advance(time.Minute + time.Second)
				old.Get("auth/session").Status(410)
				c.Get("auth/session").LoggedIn(ann)
			})
		}
	}
}
