package headless_test

import (
	"net/http"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
)

func TestABrowserNeedsItsOwnCSRFToken(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	victim := s.SignUp(clienttest.Browser, "ann@example.org")
	attacker := s.SignUp(clienttest.Browser, "eve@example.org")
	requests := map[string]func(c *clienttest.Client) *clienttest.Answer{
		"login": func(c *clienttest.Client) *clienttest.Answer {
			return c.Post("auth/login", clienttest.Body{"email": "eve@example.org", "password": clienttest.Password})
		},
		"add address": func(c *clienttest.Client) *clienttest.Answer {
			return c.Post("account/email", clienttest.Body{"email": "eve2@example.org"})
		},
		"change password": func(c *clienttest.Client) *clienttest.Answer {
			return c.Post("account/password/change", clienttest.Body{"current_password": clienttest.Password, "new_password": "Another-1-horse"})
		},
		"logout": func(c *clienttest.Client) *clienttest.Answer { return c.Delete("auth/session", nil) },
	}
	own := victim.Cookie("csrftoken")
	for name, header := range map[string]http.Header{
		"no token":                  {"X-Csrftoken": {" "}},
		"a made-up token":           {"X-Csrftoken": {"abc.def"}},
		"another session's token":   {"X-Csrftoken": {attacker.Cookie("csrftoken")}},
		"another site":              {"Origin": {"https://evil.example"}},
		"an opaque origin":          {"Origin": {"null"}},
		"a cross-site fetch":        {"Sec-Fetch-Site": {"cross-site"}},
		"a sibling site":            {"Sec-Fetch-Site": {"same-site"}},
		"another site's referer":    {"Referer": {"https://evil.example/page"}},
		"planted cookie and header": {"X-Csrftoken": {attacker.Cookie("csrftoken")}, "Cookie": {"csrftoken=" + attacker.Cookie("csrftoken") + "; sessionid=" + victim.Cookie("sessionid")}},
	} {
		for what, send := range requests {
			c := victim.Clone()
			if header.Get("Cookie") != "" {
				c = s.Client(clienttest.Browser)
				c.Get("config")
			}
			for key, values := range header {
				c.Header[http.CanonicalHeaderKey(key)] = values
			}
			if status := send(c).StatusCode; status != http.StatusForbidden {
				t.Errorf("%s with %s: status %d, want 403", what, name, status)
			}
		}
	}
	if victim.Cookie("csrftoken") != own {
		t.Error("the token changed")
	}
	victim.Get("auth/session").LoggedIn("ann@example.org")
	victim.Header.Set("Origin", s.URL)
	victim.Delete("auth/session", nil).Status(401)
}

func TestTrustedOriginsMayCall(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.TrustedOrigins = []string{"https://www.example.com"} })
	c := s.Client(clienttest.Browser)
	c.Header.Set("Origin", "https://www.example.com")
	c.Post("auth/login", "{}").Status(400)
	c.Header.Set("Origin", "http://www.example.com")
	c.Post("auth/login", "{}").Status(403)
}

func TestTheTokenChangesWithTheSession(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	c := s.Client(clienttest.Browser)
	c.Get("config").Status(200)
	anonymous := c.Cookie("csrftoken")
	c.Post("auth/signup", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(401)
	c.Post("auth/email/verify", clienttest.Body{"key": s.Mail("ann@example.org").Key()})
	planted := c.Cookie("sessionid")
	c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(200)
	if c.Cookie("sessionid") == planted {
		t.Error("the session token was not renewed at login")
	}
	if c.Cookie("csrftoken") == anonymous {
		t.Error("the CSRF token was not renewed at login")
	}
}

func TestCookiesAreNarrow(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.BaseURL = "https://app.example.org" })
	c := s.Client(clienttest.Browser)
	answer := c.Get("config").Status(200)
	for _, cookie := range answer.Cookies() {
		if !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Domain != "" {
			t.Errorf("cookie %s", cookie.Raw)
		}
	}
	app := s.Client(clienttest.App).Get("config").Status(200)
	if len(app.Cookies()) > 0 {
		t.Error("an app got a cookie")
	}
}
