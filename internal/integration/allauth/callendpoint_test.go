package allauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// endpointRoutes adds routes that call an endpoint: with the method of the query, and, in
// a request with a form, with the form as its body.
func (d *desk) endpointRoutes() {
	call := func(w http.ResponseWriter, r *http.Request) {
		var body any
		_ = r.ParseForm()
		if len(r.PostForm) > 0 {
			members := map[string]string{}
			for name := range r.PostForm {
				members[name] = r.PostForm.Get(name)
			}
			body = members
		}
		result, err := d.Auth.CallEndpoint(w, r, r.URL.Query().Get("method"), r.URL.Query().Get("path"), body)
		answer(w, result, err)
	}
	d.handle("POST /call", call)
	d.handle("GET /call", call)
	d.mux.Handle("POST /protected", d.Auth.ProtectForms(http.HandlerFunc(call)))
}

func (d *desk) call(c *clienttest.Client, hostMethod, method, path string, form url.Values, header ...string) allauth.Answer {
	d.t.Helper()
	return d.visit(c, hostMethod, "/call?"+url.Values{"method": {method}, "path": {path}}.Encode(), form, header...).answered(d.t)
}

func (p page) answered(t *testing.T) allauth.Answer {
	t.Helper()
	var a allauth.Answer
	if p.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", p.StatusCode, p.text)
	}
	if err := json.Unmarshal([]byte(p.text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// A host without JavaScript: its own forms log in, with the errors, stages and cookies of
// the API.
func TestAHostRendersItsOwnPages(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.endpointRoutes()
	owner := d.SignUp(clienttest.App, "ann@example.org")
	code := d.addTOTP(owner)
	c := d.Client(clienttest.Browser)
	c.Header.Set("User-Agent", "Firefox")

	wrong := d.call(c, "POST", "POST", "auth/login", url.Values{"email": {"ann@example.org"}, "password": {"wrong"}}, "User-Agent", "Firefox")
	if wrong.Status != 400 || len(wrong.Errors) != 1 || wrong.Errors[0].Code != "email_password_mismatch" || wrong.Errors[0].Param != "password" || wrong.Pending != "" {
		t.Fatalf("%+v", wrong)
	}
	pending := d.call(c, "POST", "POST", "/auth/login", url.Values{"email": {"ann@example.org"}, "password": {clienttest.Password}}, "User-Agent", "Firefox")
	if pending.Status != 401 || pending.Pending != "mfa_authenticate" || pending.Header.Get("Set-Cookie") != "" {
		t.Fatalf("%+v", pending)
	}
	if done := d.call(c, "POST", "POST", "auth/2fa/authenticate", url.Values{"code": {code()}}, "User-Agent", "Firefox"); done.Status != 200 {
		t.Fatalf("%+v", done)
	}
	if user, _ := d.me(c); user != userID(t, owner) {
		t.Errorf("user %q", user)
	}
	c.Get("auth/session").LoggedIn("ann@example.org")
	if shown := d.call(c, "GET", "GET", "auth/session", nil); shown.Status != 200 || !strings.Contains(string(shown.Body), "ann@example.org") {
		t.Errorf("%+v", shown)
	}
	entries := c.Get("auth/sessions").Value("data").([]any)
	current := entries[len(entries)-1].(map[string]any)
	if current["ip"] != c.Address.String() || current["user_agent"] != "Firefox" {
		t.Errorf("session %v", current)
	}
	if gone := d.call(c, "POST", "POST", "no/endpoint", nil); gone.Status != 404 {
		t.Errorf("%+v", gone)
	}
	if wrong := d.call(c, "POST", "PUT", "auth/login", nil); wrong.Status != 405 {
		t.Errorf("%+v", wrong)
	}
	if out := d.call(c, "POST", "DELETE", "auth/session", nil); out.Status != 401 {
		t.Errorf("%+v", out)
	}
	if user, _ := d.me(c); user != "" {
		t.Errorf("user %q after logout", user)
	}
	app := d.Client(clienttest.App)
	app.Token = owner.Token
	if shown := d.call(app, "GET", "GET", "account/email", nil); shown.Status != 200 {
		t.Errorf("%+v", shown)
	}
}

// A limit counts the requests of the host's form like those of the API.
func TestLimitsCountTheHostsForms(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"login": "2/m/ip"} })
	d.endpointRoutes()
	c := d.Client(clienttest.Browser)
	for _, want := range []int{400, 400, 429} {
		a := d.call(c, "POST", "POST", "auth/login", url.Values{"email": {"ann@example.org"}, "password": {"wrong"}})
		if a.Status != want || (a.Header.Get("Retry-After") != "") != (want == 429) {
			t.Errorf("%+v, want %d", a, want)
		}
	}
	c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "wrong"}).Status(429)
	other := d.call(d.Client(clienttest.Browser), "POST", "POST", "auth/login", url.Values{"email": {"eve@example.org"}, "password": {"wrong"}})
	if other.Status != 400 {
		t.Errorf("another address: %+v", other)
	}
}

// No other site can drive an endpoint through the host's handler: neither by a form, nor by
// a link or an image, nor with a forged token.
func TestOtherSitesCannotDriveTheHostsHandlers(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(cfg *allauth.Config) { cfg.TrustedOrigins = []string{"https://www.example.com"} })
	d.endpointRoutes()
	d.SignUp(clienttest.App, "ann@example.org")
	evil := "https://evil.example.net"
	for name, c := range map[string]struct {
		hostMethod string
		header     []string
		refused    bool
	}{
		"a form of the host":                    {"POST", []string{"Sec-Fetch-Site", "same-origin", "Origin", d.URL}, false},
		"a form of the host, old browser":       {"POST", []string{"Origin", d.URL}, false},
		"a form of the host, older browser":     {"POST", []string{"Referer", d.URL + "/form"}, false},
		"a trusted site":                        {"POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://www.example.com"}, false},
		"no browser":                            {"POST", nil, false},
		"a form of another site":                {"POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", evil}, true},
		"a form of another site, old browser":   {"POST", []string{"Origin", evil}, true},
		"a form of another site, older browser": {"POST", []string{"Referer", evil + "/"}, true},
		"a form of a subdomain":                 {"POST", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://blog.example.com"}, true},
		"a form of a sandbox":                   {"POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, true},
		"a link on another site":                {"GET", []string{"Sec-Fetch-Site", "cross-site"}, true},
		"a link in a mail":                      {"GET", []string{"Sec-Fetch-Site", "none"}, true},
		"an image, old browser":                 {"GET", nil, true},
		"a link on a page of the host":          {"GET", []string{"Sec-Fetch-Site", "same-origin"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			at := *d
			at.t = t
			browser := at.LogIn(clienttest.Browser, "ann@example.org")
			a := at.call(browser, c.hostMethod, "DELETE", "auth/session", nil, c.header...)
			user, _ := at.me(browser)
			if c.refused != (a.Status == 403) || c.refused != (user != "") {
				t.Errorf("status %d, user %q", a.Status, user)
			}
			if c.hostMethod == "GET" {
				return
			}
			if p := at.visit(browser, "POST", "/protected?method=GET&path=config", nil, c.header...); c.refused != (p.StatusCode == 403) {
				t.Errorf("ProtectForms: %d", p.StatusCode)
			}
		})
	}
	// What changes nothing may be called by a link.
	browser := d.Client(clienttest.Browser)
	if a := d.call(browser, "GET", "GET", "config", nil, "Sec-Fetch-Site", "cross-site"); a.Status != 200 {
		t.Errorf("%+v", a)
	}
	// The API itself still asks clients for a token.
	browser.Header.Set("X-CSRFToken", "none")
	browser.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "wrong"}).Status(403)
	if p := d.visit(browser, "POST", "/_allauth/browser/v1/auth/login", nil, "Sec-Fetch-Site", "same-origin"); p.StatusCode != 403 {
		t.Errorf("status %d without a token", p.StatusCode)
	}
}

// The endpoint of forms gets a form, and its redirect is the host's to send.
func TestAHostStartsALoginAtAProvider(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(cfg *allauth.Config) {
		cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{Provider: "github", ClientID: "id", ClientSecret: "secret"}}}
	})
	d.handle("POST /github", func(w http.ResponseWriter, r *http.Request) {
		result, err := d.Auth.CallEndpoint(w, r, http.MethodPost, "auth/provider/redirect",
			url.Values{"provider": {"github"}, "process": {"login"}, "callback_url": {d.URL + "/done"}})
		answer(w, result, err)
	})
	a := d.visit(d.Client(clienttest.Browser), "POST", "/github", nil, "Origin", d.URL).answered(t)
	if a.Status != http.StatusFound || !strings.HasPrefix(a.Header.Get("Location"), "https://github.com/") {
		t.Errorf("%+v", a)
	}
	if _, err := d.Auth.CallEndpoint(nil, &http.Request{}, http.MethodPost, "auth/login", func() {}); err == nil {
		t.Error("a body that is not JSON is accepted")
	}
}
