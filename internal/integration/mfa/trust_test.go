package mfa_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

const trustPath = "auth/2fa/trust"

// trusting returns a trusted browser, logged out.
func trusting(t *testing.T, s *clienttest.Server, a *app, email string) *clienttest.Client {
	t.Helper()
	s.Clock.Advance(30 * time.Second)
	c := passwordLogin(s, clienttest.Browser, email)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending("mfa_trust")
	c.Post(trustPath, body{"trust": true}).LoggedIn(email)
	c.Delete("auth/session", nil).Status(401)
	return c
}

func TestTrustingABrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, a := withApp(t, s, clienttest.App, ann)
	c := s.Client(clienttest.Browser)
	c.Post(trustPath, body{"trust": true}).Status(401).Pending()
	c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("mfa_authenticate")
	c.Post(trustPath, body{"trust": true}).Status(401).Pending("mfa_authenticate")
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending("mfa_trust")
	c.Get("auth/session").Status(401).Pending("mfa_trust")
	c.Get(trustPath).Status(405)
	answer := c.Post(trustPath, body{"trust": true}).LoggedIn(ann)
	var cookie *http.Cookie
	for _, one := range answer.Cookies() {
		if one.Name == "mfa_trusted" {
			cookie = one
		}
	}
	if cookie == nil || cookie.MaxAge != 1209600 || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" {
		t.Fatalf("cookie %+v", cookie)
	}
	c.Delete("auth/session", nil).Status(401)
	answer = c.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
	if got := methods(answer); len(got) != 1 || got[0] != "password" {
		t.Errorf("methods %v", got)
	}
	passwordLogin(s, clienttest.Browser, ann)
	s.Client(clienttest.App).Post(trustPath, body{"trust": true}).Status(404)
}

func TestAnswersToTheQuestionOfTrust(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, a := withApp(t, s, clienttest.App, ann)
	for text, trusted := range map[string]bool{
		`{}`: false, `{"trust":null}`: false, `{"trust":false}`: false, `{"trust":"false"}`: false, `{"trust":"False"}`: false, `{"trust":0}`: false, `{"trust":[]}`: false,
		`{"trust":""}`: false, `{"trust":true}`: true, `{"trust":"true"}`: true, `{"trust":1}`: true, `{"trust":"0"}`: true, `{"trust":"no"}`: true,
	} {
		s.Clock.Advance(30 * time.Second)
		c := passwordLogin(s, clienttest.Browser, ann)
		c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401)
		c.Post(trustPath, text).LoggedIn(ann)
		if got := c.Cookie("mfa_trusted") != ""; got != trusted {
			t.Errorf("%s: trusted %v", text, got)
		}
	}
}

func TestWhatEndsTrust(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		do   func(t *testing.T, s *clienttest.Server, owner *clienttest.Client, a *app)
		ends bool
	}{
		"nothing": {func(*testing.T, *clienttest.Server, *clienttest.Client, *app) {}, false},
		"a password": {func(_ *testing.T, s *clienttest.Server, owner *clienttest.Client, _ *app) {
			owner.Post("account/password/change", body{"current_password": password, "new_password": password + "!"}).Status(200)
			owner.Post("account/password/change", body{"current_password": password + "!", "new_password": password}).Status(200)
		}, true},
		"a key more": {func(t *testing.T, s *clienttest.Server, owner *clienttest.Client, _ *app) { addKey(t, s, owner, false) }, true},
		"new recovery codes": {func(_ *testing.T, _ *clienttest.Server, owner *clienttest.Client, _ *app) {
			owner.Post(recoveryPath, nil).Status(200)
		}, true},
		"another app": {func(t *testing.T, s *clienttest.Server, owner *clienttest.Client, _ *app) {
			owner.Delete("account/authenticators/totp", nil).Status(200)
			addApp(t, s, owner)
		}, true},
		"a recovery code used": {func(_ *testing.T, s *clienttest.Server, owner *clienttest.Client, _ *app) {
			owner.Post("auth/2fa/reauthenticate", body{"code": codesOf(owner)[0]}).Status(200)
		}, false},
		"ending sessions": {func(_ *testing.T, _ *clienttest.Server, owner *clienttest.Client, _ *app) {
			var ids []any
			for _, item := range owner.Get("auth/sessions").JSON["data"].([]any) {
				ids = append(ids, item.(map[string]any)["id"])
			}
			owner.Delete("auth/sessions", body{"sessions": ids}).Status(401)
		}, true},
		"logging out everywhere": {func(t *testing.T, s *clienttest.Server, owner *clienttest.Client, _ *app) {
			id := fmt.Sprintf("%.0f", owner.Get("auth/session").Value("data", "user", "id"))
			if err := s.Auth.Users().EndSessions(t.Context(), id); err != nil {
				t.Error(err)
			}
		}, true},
		"logging out": {func(_ *testing.T, _ *clienttest.Server, owner *clienttest.Client, _ *app) {
			owner.Delete("auth/session", nil).Status(401)
		}, false},
		"13 days": {func(_ *testing.T, s *clienttest.Server, _ *clienttest.Client, _ *app) {
			s.Clock.Advance(13 * 24 * time.Hour)
		}, false},
		"14 days": {func(_ *testing.T, s *clienttest.Server, _ *clienttest.Client, _ *app) {
			s.Clock.Advance(14*24*time.Hour + time.Second)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			owner, a := withApp(t, s, clienttest.App, ann)
			c := trusting(t, s, a, ann)
			reauthenticate(owner)
			change.do(t, s, owner, a)
			answer := c.Post("auth/login", body{"email": ann, "password": password})
			if (answer.StatusCode == 401) != change.ends {
				t.Errorf("the login after it: %s", answer.Text)
			}
		})
	}
}

func TestForgedTrust(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, a := withApp(t, s, clienttest.App, ann)
	_, b := withApp(t, s, clienttest.App, bob)
	c := trusting(t, s, a, ann)
	value := c.Cookie("mfa_trusted")
	c.Post("auth/login", body{"email": bob, "password": password}).Status(401).Pending("mfa_authenticate")
	c.Delete("auth/session", nil)
	head, tail, _ := strings.Cut(value, ".")
	for _, forged := range []string{head + ".", head, "." + tail, head + "x." + tail, "W10." + tail, value + "A", strings.Repeat("a", 3000)} {
		attacker := s.Client(clienttest.Browser)
		attacker.SetCookie("mfa_trusted", forged)
		attacker.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("mfa_authenticate")
	}
	thief := s.Client(clienttest.Browser) // the cookies above would be trusted if they were not forged
	thief.SetCookie("mfa_trusted", value)
	thief.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
	tablet := s.Client(clienttest.App) // apps are not offered trust, and their cookies are ignored
	tablet.SetCookie("mfa_trusted", value)
	tablet.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("mfa_authenticate")
	// One browser, two users.
	c.Post("auth/login", body{"email": bob, "password": password}).Status(401)
	c.Post("auth/2fa/authenticate", body{"code": b.code(0)}).Status(401).Pending("mfa_trust")
	c.Post(trustPath, body{"trust": true}).LoggedIn(bob)
	for _, email := range []string{ann, bob} {
		c.Delete("auth/session", nil)
		c.Post("auth/login", body{"email": email, "password": password}).LoggedIn(email)
	}
}

func TestTheCookieStaysSmall(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.Client(clienttest.Browser)
	for i := range 12 {
		email := fmt.Sprintf("user%d@example.org", i)
		_, a := withApp(t, s, clienttest.App, email)
		c.Post("auth/login", body{"email": email, "password": password}).Status(401)
		c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401)
		c.Post(trustPath, body{"trust": true}).LoggedIn(email)
		c.Delete("auth/session", nil)
	}
	if n := len(c.Cookie("mfa_trusted")); n > 2000 {
		t.Errorf("the cookie has %d bytes", n)
	}
	c.Post("auth/login", body{"email": "user11@example.org", "password": password}).Status(200)
	c.Delete("auth/session", nil)
	c.Post("auth/login", body{"email": "user0@example.org", "password": password}).Status(401)
}

func TestTrustOfRequiredCodes(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.MFA.TrustEnabled, cfg.MFA.PasskeySignupEnabled = false, false
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{Required: true, TrustEnabled: true}
	})
	first := s.Client(clienttest.Browser)
	first.Post("auth/signup", body{"email": ann, "password": password}).Status(401)
	first.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).Status(401).Pending("mfa_trust")
	c := s.Client(clienttest.Browser)
	c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).Status(401).Pending("mfa_trust")
	c.Post(trustPath, body{"trust": true}).LoggedIn(ann)
	c.Delete("auth/session", nil)
	c.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
	// A code that was requested in place of the password is not a second step.
	other := s.Client(clienttest.Browser)
	other.Post("auth/code/request", body{"email": ann}).Status(401)
	other.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).LoggedIn(ann)
	app := s.Client(clienttest.App)
	app.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
	app.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).LoggedIn(ann)
}

func TestOneCookieSavesCodeAndSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: true}
	})
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", body{"email": ann, "password": password}).Status(401)
	owner.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).LoggedIn(ann)
	a := addApp(t, s, owner)
	s.Mail(ann) // about the new app
	c := s.Client(clienttest.Browser)
	c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).Status(401).Pending("mfa_authenticate")
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending("mfa_trust")
	c.Post(trustPath, body{"trust": true}).LoggedIn(ann)
	c.Delete("auth/session", nil).Status(401)
	c.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
}

func TestTrustThatWasTurnedOff(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { cfg.TrustEnabled = false }))
	_, a := withApp(t, s, clienttest.App, ann)
	c := passwordLogin(s, clienttest.Browser, ann)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	c.Post(trustPath, body{"trust": true}).Status(404)
}

func TestOneOfManyAnswersLogsIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, a := withApp(t, s, clienttest.App, ann)
	c := passwordLogin(s, clienttest.Browser, ann)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending("mfa_trust")
	won := winners(crowd, func(int) *clienttest.Answer { return c.Clone().Post(trustPath, body{"trust": true}) })
	if won != 1 {
		t.Errorf("one question was answered %d times", won)
	}
}
