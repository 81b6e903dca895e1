package headless_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// rawBrowser is a browser with cookies in an order that the test sets. Cookies of
// the domain and of the host are kept apart.
type rawBrowser struct {
	t       *testing.T
	s       *clienttest.Server
	cookies []*http.Cookie
	// header is sent with every request.
	header http.Header
}

func newRawBrowser(t *testing.T, s *clienttest.Server) *rawBrowser {
	t.Helper()
	b := &rawBrowser{t: t, s: s, header: http.Header{}}
	b.do(http.MethodGet, "config", "")
	return b
}

// plant puts a cookie before the others, like an older one.
func (b *rawBrowser) plant(name, value string) {
	b.cookies = append([]*http.Cookie{{Name: name, Value: value, Domain: "planted"}}, b.cookies...)
}

// value returns the value of the cookie that the server has set.
func (b *rawBrowser) value(name string) string {
	for _, c := range b.cookies {
		if c.Name == name && c.Domain != "planted" {
			return c.Value
		}
	}
	return ""
}

// rawAnswer is a response to a rawBrowser.
type rawAnswer struct {
	status int
	text   string
	set    []*http.Cookie
	email  any
}

func (b *rawBrowser) do(method, endpoint, text string) rawAnswer {
	b.t.Helper()
	r := httptest.NewRequest(method, b.s.Config.BaseURL+"/_allauth/browser/v1/"+endpoint, strings.NewReader(text))
	r.Header = b.header.Clone()
	r.Header.Set("Content-Type", "application/json")
	if r.Header.Get("X-CSRFToken") == "" {
		r.Header.Set("X-CSRFToken", b.value("csrftoken"))
	}
	w := b.send(b.s.Auth, r)
	var answer struct {
		Data struct{ User struct{ Email any } }
	}
	_ = json.Unmarshal(w.Body.Bytes(), &answer) // if data is a list there is no user
	return rawAnswer{w.Code, w.Body.String(), w.Result().Cookies(), answer.Data.User.Email}
}

func (b *rawBrowser) send(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	for _, set := range w.Result().Cookies() {
		b.cookies = slices.DeleteFunc(b.cookies, func(c *http.Cookie) bool { return c.Name == set.Name && c.Domain == set.Domain })
		if set.MaxAge >= 0 {
			b.cookies = append(b.cookies, set)
		}
	}
	return w
}

// page returns the status of a route of the host.
func (b *rawBrowser) page() int {
	guarded := b.s.Auth.Middleware(b.s.Auth.RequireLogin(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	return b.send(guarded, httptest.NewRequest(http.MethodGet, b.s.Config.BaseURL+"/page", nil)).Code
}

func (b *rawBrowser) want(what string, answer rawAnswer, status int) rawAnswer {
	b.t.Helper()
	if answer.status != status {
		b.t.Errorf("%s: status %d, want %d: %s", what, answer.status, status, answer.text)
	}
	return answer
}

func credentials(email string) string {
	return fmt.Sprintf(`{"email": %q, "password": %q}`, email, clienttest.Password)
}

func (b *rawBrowser) logIn(email string) {
	b.t.Helper()
	b.want("login", b.do(http.MethodPost, "auth/login", credentials(email)), http.StatusOK)
}

// loggedIn checks that the browser can read and write as that user.
func (b *rawBrowser) loggedIn(email string) {
	b.t.Helper()
	if answer := b.want("session", b.do(http.MethodGet, "auth/session", ""), http.StatusOK); answer.email != email {
		b.t.Errorf("the user is %v, want %s", answer.email, email)
	}
	b.want("reauthentication", b.do(http.MethodPost, "auth/reauthenticate", fmt.Sprintf(`{"password": %q}`, clienttest.Password)), http.StatusOK)
	if status := b.page(); status != http.StatusOK {
		b.t.Errorf("the host's page answers %d", status)
	}
}

func (b *rawBrowser) loggedOut() {
	b.t.Helper()
	b.want("session without a user", b.do(http.MethodGet, "auth/session", ""), http.StatusUnauthorized)
	if status := b.page(); status != http.StatusUnauthorized {
		b.t.Errorf("the host's page answers %d without a user", status)
	}
}

// withMemory starts a server with a store in memory.
func withMemory(t *testing.T, edit ...func(cfg *allauth.Config)) *clienttest.Server {
	t.Helper()
	return clienttest.StartOn(t, memstore.New(), append([]func(cfg *allauth.Config){func(cfg *allauth.Config) {
		cfg.BaseURL, cfg.DisableRateLimits = "http://app.example.org", true
	}}, edit...)...)
}

// planted are values that other sites of the domain set in cookies of our names.
var planted = map[string]string{
	"short":           "k3x0v9q1y6z2m4n8b7c5d1f0g3h6j9l2",
	"as long as ours": strings.Repeat("x", 43),
	"signed":          "eyJhIjoxfQ.aGVsbG8gd29ybGQ",
	"empty":           "",
}

// A site on the parent domain has cookies of our names.
func TestCookiesOfAnotherSiteAreIgnored(t *testing.T) {
	t.Parallel()
	for name, value := range planted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withMemory(t)
			s.SignUp(clienttest.App, ann)
			for _, before := range []bool{true, false} {
				b := newRawBrowser(t, s)
				plant := func() {
					for _, cookie := range []string{"sessionid", "csrftoken", "known_device"} {
						b.plant(cookie, value)
					}
				}
				if before {
					plant()
				}
				b.loggedOut()
				b.logIn(ann)
				if !before {
					plant()
				}
				b.loggedIn(ann)
				b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
				if b.value("sessionid") != "" {
					t.Error("the session cookie is still there")
				}
				b.loggedOut()
				b.logIn(ann)
				b.loggedIn(ann)
			}
		})
	}
}

// CookieDomain is turned on: browsers keep the cookies of the host, which are
// older than those of the domain.
func TestCookiesOfTheHostAreLeftBesideThoseOfTheDomain(t *testing.T) {
	t.Parallel()
	for name, origin := range map[string]string{"a browser": "http://app.example.org", "a script": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memstore.New()
			with := func(domain string) *clienttest.Server {
				return clienttest.StartOn(t, store, func(cfg *allauth.Config) {
					cfg.BaseURL, cfg.Sessions.CookieDomain, cfg.DisableRateLimits = "http://app.example.org", domain, true
				})
			}
			before, after := with(""), with("example.org")
			before.SignUp(clienttest.App, ann)
			for _, ended := range []bool{true, false} {
				b := newRawBrowser(t, before)
				b.logIn(ann)
				old := b.value("csrftoken")
				b.s = after
				b.loggedIn(ann)
				if ended {
					app := before.LogIn(clienttest.App, ann)
					var ids []any
					for _, item := range app.Get("auth/sessions").Status(200).JSON["data"].([]any) {
						ids = append(ids, item.(map[string]any)["id"])
					}
					app.Delete("auth/sessions", body{"sessions": ids}).Status(401)
				} else {
					b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
					if len(b.cookies) > 2 { // csrftoken and known_device
						t.Errorf("the cookies %v are left", b.cookies)
					}
				}
				if origin != "" {
					b.header.Set("Origin", origin)
				}
				if origin != "" && ended {
					b.header.Set("X-CSRFToken", old) // the first one in document.cookie
				}
				b.logIn(ann)
				b.loggedIn(ann)
				if n := len(slices.DeleteFunc(slices.Clone(b.cookies), func(c *http.Cookie) bool { return c.Name != "csrftoken" })); n != 1 {
					t.Errorf("%d cookies hold a CSRF token: %v", n, b.cookies)
				}
			}
		})
	}
}

// A sibling site gives the browser the session of its own user.
func TestTwoSessionsOfDifferentUsersAreAnonymous(t *testing.T) {
	t.Parallel()
	s := withMemory(t)
	s.SignUp(clienttest.App, ann)
	s.SignUp(clienttest.App, "eve@example.org")
	eve := newRawBrowser(t, s)
	eve.logIn("eve@example.org")
	b := newRawBrowser(t, s)
	b.logIn(ann)
	b.plant("sessionid", eve.value("sessionid"))
	b.loggedOut()
	b.plant("csrftoken", eve.value("csrftoken"))
	b.want("a change without a user", b.do(http.MethodPost, "auth/reauthenticate", `{"password": "x"}`), http.StatusUnauthorized)
	// A login ends all sessions of the browser's cookies.
	b.logIn(ann)
	b.loggedIn(ann)
	eve.loggedOut()

	eve.logIn("eve@example.org")
	b.plant("sessionid", eve.value("sessionid"))
	b.loggedOut()
	b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
	eve.loggedOut()
	b.loggedOut()
	b.logIn(ann)
	b.loggedIn(ann)
}

// A browser has cookies of two sessions of one user, one of which has ended or
// waits for a login.
func TestTheSessionThatLivesWins(t *testing.T) {
	t.Parallel()
	s := withMemory(t, func(cfg *allauth.Config) { cfg.Account.LoginByCode = &account.LoginByCodeConfig{} })
	s.SignUp(clienttest.App, ann)
	ended, waiting, other := newRawBrowser(t, s), newRawBrowser(t, s), newRawBrowser(t, s)
	ended.logIn(ann)
	endedToken := ended.value("sessionid")
	ended.want("logout", ended.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
	waiting.want("code request", waiting.do(http.MethodPost, "auth/code/request", fmt.Sprintf(`{"email": %q}`, ann)), http.StatusUnauthorized)
	other.logIn(ann)
	b := newRawBrowser(t, s)
	b.plant("sessionid", endedToken)
	b.plant("sessionid", waiting.value("sessionid"))
	if answer := b.do(http.MethodGet, "auth/session", ""); !strings.Contains(answer.text, `"is_pending":true`) {
		t.Errorf("the login that waits is not told: %s", answer.text)
	}
	b.logIn(ann)
	b.loggedIn(ann)
	b.plant("sessionid", other.value("sessionid"))
	b.loggedIn(ann)
	b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
	b.loggedOut()
}

// counting counts the look-ups of sessions.
type counting struct {
	storage.Store
	calls, tokens atomic.Int64
}

func (c *counting) SessionsByTokens(ctx context.Context, hashes ...string) ([]sessions.Row, error) {
	c.calls.Add(1)
	c.tokens.Add(int64(len(hashes)))
	return c.Store.SessionsByTokens(ctx, hashes...)
}

func TestManyCookiesOfOneNameAreOneLookUp(t *testing.T) {
	t.Parallel()
	store := &counting{Store: memstore.New()}
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.BaseURL = "http://app.example.org" })
	s.SignUp(clienttest.App, ann)
	for n, found := range map[int]bool{0: true, 7: true, 8: false, 100: false} {
		b := newRawBrowser(t, s)
		b.logIn(ann)
		for i := range n {
			b.plant("sessionid", fmt.Sprintf("%043d", i))
			b.plant("sessionid", fmt.Sprintf("junk%d", i))
		}
		store.calls.Store(0)
		store.tokens.Store(0)
		answer := b.do(http.MethodGet, "auth/session", "")
		if calls, tokens := store.calls.Load(), store.tokens.Load(); calls != 1 || tokens > 8 {
			t.Errorf("%d cookies: %d look-ups of %d tokens", n, calls, tokens)
		}
		if (answer.status == http.StatusOK) != found {
			t.Errorf("%d cookies: status %d", n, answer.status)
		}
	}
}

// The cookies of trusted browsers and known devices are found among others, too.
func TestTrustIsFoundAmongSeveralCookies(t *testing.T) {
	t.Parallel()
	s := withMemory(t, func(cfg *allauth.Config) {
		cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{}}
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: true}
		cfg.DisableRateLimits = false
	})
	for _, email := range []string{ann, "eve@example.org"} {
		user, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: email}, EmailVerified: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Auth.Users().SetPassword(t.Context(), user.ID, clienttest.Password); err != nil {
			t.Fatal(err)
		}
	}
	trusting := func(email string) *rawBrowser {
		b := newRawBrowser(t, s)
		b.want("login", b.do(http.MethodPost, "auth/login", credentials(email)), http.StatusUnauthorized)
		code := s.MailOf("account/login_code", email).Code()
		b.want("code", b.do(http.MethodPost, "auth/code/confirm", fmt.Sprintf(`{"code": %q}`, code)), http.StatusUnauthorized)
		b.want("trust", b.do(http.MethodPost, "auth/2fa/trust", `{"trust": true}`), http.StatusOK)
		b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
		return b
	}
	b, eve := trusting(ann), trusting("eve@example.org")
	for _, name := range []string{"mfa_trusted", "known_device"} {
		b.plant(name, eve.value(name))
		for _, value := range planted {
			b.plant(name, value)
		}
	}
	// An attacker uses up the attempts of the account; the browser is known.
	for range 6 {
		s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"}).Status(400)
	}
	b.logIn(ann)
	b.loggedIn(ann)
}

// If the configuration allows it, no other site can set our cookies, and cookies
// of an earlier version are valid until they expire.
func TestNamesThatBindCookiesToTheHost(t *testing.T) {
	t.Parallel()
	secret := func(base, domain string) func(cfg *allauth.Config) {
		return func(cfg *allauth.Config) {
			cfg.BaseURL, cfg.Sessions.CookieDomain = base, domain
			cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{}}
			cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: true}
		}
	}
	for name, c := range map[string]struct {
		base, domain string
		prefixed     bool
	}{
		"https":             {"https://app.example.org", "", true},
		"https of a domain": {"https://app.example.org", "example.org", false},
		"http":              {"http://app.example.org", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withMemory(t, secret(c.base, c.domain))
			user, err := clienttest.Create(t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: ann}, EmailVerified: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Auth.Users().SetPassword(t.Context(), user.ID, clienttest.Password); err != nil {
				t.Fatal(err)
			}
			b := newRawBrowser(t, s)
			b.want("login", b.do(http.MethodPost, "auth/login", credentials(ann)), http.StatusUnauthorized)
			b.want("code", b.do(http.MethodPost, "auth/code/confirm", fmt.Sprintf(`{"code": %q}`, s.MailOf("account/login_code", ann).Code())), http.StatusUnauthorized)
			b.want("trust", b.do(http.MethodPost, "auth/2fa/trust", `{"trust": true}`), http.StatusOK)
			var names []string
			for _, cookie := range b.cookies {
				names = append(names, strings.TrimPrefix(cookie.Name, "__Host-"))
				if prefixed := strings.HasPrefix(cookie.Name, "__Host-"); prefixed != (c.prefixed && cookie.Name != "csrftoken") {
					t.Errorf("a cookie is called %s", cookie.Name)
				}
				if cookie.HttpOnly != (cookie.Name != "csrftoken") || cookie.Path != "/" || cookie.Secure != strings.HasPrefix(c.base, "https:") || cookie.Domain != c.domain {
					t.Errorf("cookie %v", cookie)
				}
			}
			slices.Sort(names)
			if !slices.Equal(names, []string{"csrftoken", "known_device", "mfa_trusted", "sessionid"}) {
				t.Errorf("cookies %v", names)
			}
			b.loggedIn(ann)
			b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
			b.logIn(ann) // as a trusted browser
		})
	}
}

func TestCookiesOfAnEarlierVersionAreGood(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	with := func(base string) *clienttest.Server {
		return clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.BaseURL, cfg.DisableRateLimits = base, true })
	}
	before, after := with("http://app.example.org"), with("https://app.example.org")
	before.SignUp(clienttest.App, ann)
	b := newRawBrowser(t, before)
	b.logIn(ann)
	b.s = after
	b.loggedIn(ann)
	if b.value("__Host-sessionid") != "" {
		t.Error("a request that changed nothing set a cookie")
	}
	// The next token is set with the new name.
	change := fmt.Sprintf(`{"current_password": %q, "new_password": "Another-1-horse"}`, clienttest.Password)
	b.want("password change", b.do(http.MethodPost, "account/password/change", change), http.StatusOK)
	if b.value("__Host-sessionid") == "" {
		t.Errorf("the cookies are %v", b.cookies)
	}
	b.want("session", b.do(http.MethodGet, "auth/session", ""), http.StatusOK)
	b.want("logout", b.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
	b.loggedOut()

	leaving := newRawBrowser(t, before)
	leaving.want("login", leaving.do(http.MethodPost, "auth/login", `{"email": "`+ann+`", "password": "Another-1-horse"}`), http.StatusOK)
	leaving.s = after
	leaving.want("logout", leaving.do(http.MethodDelete, "auth/session", ""), http.StatusUnauthorized)
	if leaving.value("sessionid") != "" {
		t.Errorf("the logout left %v", leaving.cookies)
	}
	leaving.loggedOut()
}

// A sibling site has a session here, and sets its cookie in the browser with the
// name that it can set.
func TestASiblingSiteCannotLogABrowserIn(t *testing.T) {
	t.Parallel()
	s := withMemory(t, func(cfg *allauth.Config) { cfg.BaseURL = "https://app.example.org" })
	s.SignUp(clienttest.App, ann)
	s.SignUp(clienttest.App, "eve@example.org")
	eve := newRawBrowser(t, s)
	eve.logIn("eve@example.org")
	b := newRawBrowser(t, s)
	b.plant("sessionid", eve.value("__Host-sessionid"))
	b.loggedOut()
	b.logIn(ann)
	b.loggedIn(ann)
	eve.loggedIn("eve@example.org")
}

// A host that has set such a name itself keeps it, if browsers accept it.
func TestNamesWithAPrefixOfTheHosts(t *testing.T) {
	t.Parallel()
	s := withMemory(t, func(cfg *allauth.Config) {
		cfg.BaseURL, cfg.Sessions.CookieName = "https://app.example.org", "__Host-sid"
	})
	s.SignUp(clienttest.App, ann)
	b := newRawBrowser(t, s)
	b.logIn(ann)
	if b.value("__Host-sid") == "" {
		t.Errorf("cookies %v", b.cookies)
	}
	b.loggedIn(ann)
	for _, refused := range []struct{ base, domain, name string }{
		{"http://app.example.org", "", "__Host-sid"}, {"https://app.example.org", "example.org", "__host-sid"}, {"http://app.example.org", "", "__Secure-sid"},
	} {
		cfg := s.Config
		cfg.BaseURL, cfg.Sessions.CookieDomain, cfg.Sessions.CookieName = refused.base, refused.domain, refused.name
		auth, err := allauth.New(cfg, memstore.New())
		if err == nil {
			_ = auth.Close(context.Background()) // it should not exist
		}
		if err == nil || !strings.Contains(err.Error(), "Sessions.CookieName") {
			t.Errorf("%+v: error %v", refused, err)
		}
	}
}
