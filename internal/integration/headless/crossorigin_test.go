package headless_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
)

const frontEnd = "https://www.front-end.example"

func shared(cfg *allauth.Config) { cfg.Headless.CORSOrigins = []string{frontEnd} }

// preflight asks as browsers do before a request of a page of another origin.
func preflight(s *clienttest.Server, kind clienttest.Kind, origin, method string, headers ...string) *clienttest.Answer {
	c := s.Client(kind)
	c.Header.Set("Origin", origin)
	c.Header.Set("Access-Control-Request-Method", method)
	c.Header.Set("Access-Control-Request-Headers", strings.Join(headers, ","))
	return c.Do(http.MethodOptions, "auth/login", nil)
}

// Pages of a listed origin may send what the API reads, with cookies to the browser API
// alone.
func TestPreflights(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shared)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		browser := preflight(s, clienttest.Browser, frontEnd, method, "content-type", "x-csrftoken", "x-email-verification-key")
		if browser.Header.Get("Access-Control-Allow-Origin") != frontEnd || browser.Header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s of a browser: %v", method, browser.Header)
		}
		app := preflight(s, clienttest.App, frontEnd, method, "authorization", "content-type", "x-session-token")
		if app.Header.Get("Access-Control-Allow-Origin") != frontEnd || app.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s of an app: %v", method, app.Header)
		}
		if !strings.Contains(app.Header.Get("Vary"), "Origin") {
			t.Errorf("Vary: %q", app.Header.Values("Vary"))
		}
	}
	refused := map[string]*clienttest.Answer{
		"another origin":            preflight(s, clienttest.Browser, "https://evil.example", "POST", "content-type"),
		"another origin's app":      preflight(s, clienttest.App, "https://evil.example", "POST", "x-session-token"),
		"an opaque origin":          preflight(s, clienttest.Browser, "null", "POST", "content-type"),
		"another scheme":            preflight(s, clienttest.Browser, "http://www.front-end.example", "POST", "content-type"),
		"another port":              preflight(s, clienttest.Browser, frontEnd+":8443", "POST", "content-type"),
		"a longer host":             preflight(s, clienttest.Browser, frontEnd+".evil.example", "POST", "content-type"),
		"a header that is not read": preflight(s, clienttest.Browser, frontEnd, "POST", "x-forwarded-for"),
		"a session token":           preflight(s, clienttest.Browser, frontEnd, "POST", "x-session-token"),
		"a method":                  preflight(s, clienttest.Browser, frontEnd, "TRACE"),
	}
	for name, answer := range refused {
		if allowed := answer.Header.Get("Access-Control-Allow-Origin"); allowed != "" {
			t.Errorf("%s: allowed for %s", name, allowed)
		}
	}
}

// Without the setting no page of another origin reads or sends anything.
func TestOtherOriginsAreRefusedByDefault(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t)
		for _, header := range []http.Header{
			preflight(s, kind, frontEnd, "POST", "content-type").Header,
			clientOf(s, kind, frontEnd).Get("config").Header,
		} {
			for name := range header {
				if strings.HasPrefix(name, "Access-Control-") || name == "X-Csrftoken" {
					t.Errorf("%s: %s", name, header.Get(name))
				}
			}
		}
	})
}

// clientOf returns a client that is a page of that origin.
func clientOf(s *clienttest.Server, kind clienttest.Kind, origin string) *clienttest.Client {
	c := s.Client(kind)
	c.Header.Set("Origin", origin)
	c.Header.Set("Sec-Fetch-Site", "cross-site")
	return c
}

// A front end on another origin reads the CSRF token from a header, as it cannot read
// the cookie, and logs in with it.
func TestAFrontEndOnAnotherOrigin(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shared)
	s.SignUp(clienttest.Browser, "ann@example.org")
	c := clientOf(s, clienttest.Browser, frontEnd)
	token := func(a *clienttest.Answer) string {
		t.Helper()
		token := a.Header.Get("X-CSRFToken")
		if token == "" || token != c.Cookie("csrftoken") {
			t.Fatalf("the token is %q, in the cookie %q", token, c.Cookie("csrftoken"))
		}
		for name, want := range map[string]string{"Access-Control-Allow-Origin": frontEnd, "Access-Control-Allow-Credentials": "true"} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if exposed := a.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Retry-After") || !strings.Contains(strings.ToLower(exposed), "x-csrftoken") {
			t.Errorf("exposed: %q", exposed)
		}
		return token
	}
	c.Header.Set("X-CSRFToken", token(c.Get("config")))
	before := token(c.Get("auth/session").Status(401))
	if before != c.Header.Get("X-CSRFToken") {
		t.Error("the token changed without a login")
	}
	answer := c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
	if token(answer) == before {
		t.Error("the token did not change with the login")
	}
	c.Header.Set("X-CSRFToken", token(answer))
	c.Post("account/email", clienttest.Body{"email": "ann2@example.org"}).Status(200)
	c.Header.Set("Origin", "https://evil.example")
	c.Post("account/email", clienttest.Body{"email": "eve@example.org"}).Status(403)
	if shown := c.Get("auth/session").Header.Get("X-CSRFToken"); shown != "" {
		t.Error("another origin is sent the CSRF token")
	}
}

// An app's page on another origin reads its session token from the body.
func TestAnAppOnAnotherOrigin(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shared)
	s.SignUp(clienttest.App, "ann@example.org")
	c := clientOf(s, clienttest.App, frontEnd)
	answer := c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
	if answer.Header.Get("Access-Control-Allow-Origin") != frontEnd || answer.Header.Get("Access-Control-Allow-Credentials") != "" || answer.Header.Get("X-CSRFToken") != "" {
		t.Errorf("headers: %v", answer.Header)
	}
}

// Preflights are charged to no limit, and the page reads when to try again.
func TestLimitsOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shared, func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"login": "1/m/ip", "login_failed": ""} })
	c := clientOf(s, clienttest.Browser, frontEnd)
	c.Header.Set("X-CSRFToken", c.Get("config").Header.Get("X-CSRFToken"))
	for range 5 {
		asking := c.Clone()
		asking.Header.Set("Access-Control-Request-Method", "POST")
		asking.Do(http.MethodOptions, "auth/login", nil)
	}
	wrong := clienttest.Body{"email": "ann@example.org", "password": "wrong"}
	c.Post("auth/login", wrong).Status(400)
	limited := c.Post("auth/login", wrong).Status(429)
	if limited.Header.Get("Retry-After") == "" || !strings.Contains(limited.Header.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("headers: %v", limited.Header)
	}
}

// Pages of other sites get cookies of their own.
func TestCookiesForOtherSites(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, shared, func(cfg *allauth.Config) {
		cfg.BaseURL = "https://api.back-end.example"
		cfg.Sessions.CrossSite = true
	})
	s.SignUp(clienttest.App, "ann@example.org")
	c := clientOf(s, clienttest.Browser, frontEnd)
	c.Header.Set("X-CSRFToken", c.Get("config").Header.Get("X-CSRFToken"))
	login := c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
	c.Header.Set("X-CSRFToken", login.Header.Get("X-CSRFToken"))
	logout := c.Delete("auth/session", nil).Status(401)
	for _, answer := range []*clienttest.Answer{login, logout} {
		lines := answer.Header.Values("Set-Cookie")
		if len(lines) < 2 {
			t.Fatalf("cookies: %q", lines)
		}
		for _, line := range lines {
			for _, attribute := range []string{"SameSite=None", "Secure", "Partitioned", "Path=/"} {
				if !strings.Contains(line, "; "+attribute) {
					t.Errorf("%s is missing in %s", attribute, line)
				}
			}
		}
	}
}

// The CSRF cookie alone can be shared with the pages of a domain.
func TestTheDomainOfTheCSRFCookie(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.BaseURL = "https://api.example.com"
		cfg.Sessions.CSRFCookieDomain = "example.com"
		cfg.Headless.CORSOrigins = []string{"https://www.example.com"}
	})
	s.SignUp(clienttest.App, "ann@example.org")
	c := clientOf(s, clienttest.Browser, "https://www.example.com")
	c.Header.Set("X-CSRFToken", c.Get("config").Header.Get("X-CSRFToken"))
	login := c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
	for _, line := range login.Header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(line, "=")
		if shared := strings.Contains(line, "Domain=example.com"); shared != (name == "csrftoken") {
			t.Errorf("shared: %v in %s", shared, line)
		}
		if name == "sessionid" {
			t.Error("the session cookie has no prefix __Host-")
		}
	}
}
