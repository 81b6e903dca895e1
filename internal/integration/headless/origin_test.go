package headless_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/session"
)

// If the site has https, a page of its host that was loaded over http may be an
// attacker's.
func TestAPageWithoutHTTPSIsAnotherSite(t *testing.T) {
	t.Parallel()
	const https, plain = "https://app.example.org", "http://app.example.org"
	for name, c := range map[string]struct {
		base    string
		trusted []string
		host    string
		header  http.Header
		allowed bool
	}{
		"its own page":                      {https, nil, "app.example.org", http.Header{"Origin": {https}}, true},
		"without https":                     {https, nil, "app.example.org", http.Header{"Origin": {plain}}, false},
		"without https, in capitals":        {https, nil, "app.example.org", http.Header{"Origin": {"HTTP://app.example.org"}}, false},
		"without https, by referer":         {https, nil, "app.example.org", http.Header{"Referer": {plain + "/page"}}, false},
		"by referer":                        {https, nil, "app.example.org", http.Header{"Referer": {https + "/page"}}, true},
		"without https, as browsers say":    {https, nil, "app.example.org", http.Header{"Origin": {plain}, "Sec-Fetch-Site": {"cross-site"}}, false},
		"no host, without https":            {https, nil, "app.example.org", http.Header{"Origin": {"http://"}}, false},
		"another port, without https":       {https, nil, "app.example.org:8443", http.Header{"Origin": {"http://app.example.org:8443"}}, false},
		"trusted, without https":            {https, []string{plain}, "app.example.org", http.Header{"Origin": {plain}}, true},
		"trusted, without https, referer":   {https, []string{plain}, "app.example.org", http.Header{"Referer": {plain + "/page"}}, true},
		"behind a proxy":                    {https, nil, "backend:8080", http.Header{"Origin": {https}}, true},
		"behind a proxy, without https":     {https, nil, "backend:8080", http.Header{"Origin": {plain}}, false},
		"the proxy's name, without https":   {https, nil, "backend:8080", http.Header{"Origin": {"http://backend:8080"}}, false},
		"a local page, as the browser says": {https, nil, "localhost:8080", http.Header{"Origin": {"http://localhost:8080"}, "Sec-Fetch-Site": {"same-origin"}}, true},
		"a site without https":              {plain, nil, "app.example.org", http.Header{"Origin": {plain}}, true},
		"no origin":                         {https, nil, "app.example.org", http.Header{}, true},
		"an opaque origin":                  {https, nil, "app.example.org", http.Header{"Origin": {"null"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withMemory(t, func(cfg *allauth.Config) { cfg.BaseURL, cfg.TrustedOrigins = c.base, c.trusted })
			b := newRawBrowser(t, s)
			r := httptest.NewRequest(http.MethodPost, "/_allauth/browser/v1/auth/login", strings.NewReader(`{}`))
			r.Header, r.Host = c.header.Clone(), c.host
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-CSRFToken", b.value("csrftoken"))
			want := map[bool]int{true: http.StatusBadRequest, false: http.StatusForbidden}[c.allowed]
			if w := b.send(s.Auth, r); w.Code != want {
				t.Errorf("status %d, want %d: %s", w.Code, want, w.Body)
			}
		})
	}
}

// After a login, a CSRF token from before the login is accepted from pages of
// ours only, and tokens of others never.
func TestCSRFTokensAfterALogin(t *testing.T) {
	t.Parallel()
	s := withMemory(t)
	s.SignUp(clienttest.App, ann)
	s.SignUp(clienttest.App, "eve@example.org")
	eve := newRawBrowser(t, s)
	eve.logIn("eve@example.org")
	b := newRawBrowser(t, s)
	before := b.value("csrftoken")
	b.logIn(ann)
	after := b.value("csrftoken")
	if after == before || after == "" {
		t.Fatal("the login brought no token of its own")
	}
	own := http.Header{"Origin": {s.Config.BaseURL}}
	sameSite := http.Header{"Origin": {"http://blog.example.org"}}
	lie := http.Header{"Origin": {"http://blog.example.org"}, "Sec-Fetch-Site": {"none"}}
	for name, c := range map[string]struct {
		shown, cookie string
		header        http.Header
		allowed       bool
	}{
		"its own":                           {after, after, nil, true},
		"its own, from its page":            {after, after, own, true},
		"its own, from another site":        {after, after, sameSite, false},
		"of before, from its page":          {before, before, own, true},
		"of before, the cookie is newer":    {before, after, own, true},
		"of before, no origin":              {before, before, nil, false},
		"of before, from another site":      {before, before, sameSite, false},
		"of before, no site":                {before, before, lie, false},
		"of another session, from its page": {eve.value("csrftoken"), eve.value("csrftoken"), own, false},
		"made up, from its page":            {"abc.def", "abc.def", own, false},
		"another site's, from its page":     {"abcdef", "abcdef", own, false},
		"none, from its page":               {" ", after, own, false},
		"its own, in no cookie":             {after, before, nil, false},
	} {
		r := httptest.NewRequest(http.MethodPost, s.Config.BaseURL+"/_allauth/browser/v1/auth/reauthenticate", strings.NewReader(`{}`))
		for key, values := range c.header {
			r.Header[key] = values
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-CSRFToken", c.shown)
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: b.value("sessionid")})
		r.AddCookie(&http.Cookie{Name: "csrftoken", Value: c.cookie})
		w := httptest.NewRecorder()
		s.Auth.ServeHTTP(w, r)
		want := map[bool]int{true: http.StatusBadRequest, false: http.StatusForbidden}[c.allowed]
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", name, w.Code, want)
		}
	}
}

// The first response sets a token; later ones set none while it is valid.
func TestTheTokenIsSetOnce(t *testing.T) {
	t.Parallel()
	s := withMemory(t)
	s.SignUp(clienttest.App, ann)
	b := newRawBrowser(t, s)
	quiet := func(what string) {
		t.Helper()
		for _, request := range [][2]string{{http.MethodGet, "config"}, {http.MethodGet, "auth/session"}, {http.MethodPost, "auth/login"}, {http.MethodDelete, "config"}} {
			if answer := b.do(request[0], request[1], `{}`); len(answer.set) > 0 {
				t.Errorf("%s: %s %s sets %v", what, request[0], request[1], answer.set)
			}
		}
	}
	quiet("a new client")
	b.logIn(ann)
	quiet("a user")
	b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
	quiet("after the logout")
	b.logIn(ann)
	s.Clock.Advance(session.WithDefaults(s.Config.Sessions).Lifetime + 1)
	quiet("after the end of the session")
	b.logIn(ann)
	b.loggedIn(ann)
}
