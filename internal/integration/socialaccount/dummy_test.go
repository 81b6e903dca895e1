package socialaccount_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage/memstore"
)

func withDummy(cfg *allauth.Config) {
	cfg.SocialAccount.Providers = append(cfg.SocialAccount.Providers, provider.App{Provider: "dummy"})
}

// read returns the body of a page.
func read(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // it has been read
	return string(text)
}

// The page of the provider for development is a form at the callback.
func TestTheDummyProvider(t *testing.T) {
	t.Parallel()
	w := start(t, withDummy)
	c := w.Client(browser)
	target := w.begin(c, "dummy", "login", "/done")
	response, err := c.HTTP.Get(target)
	if err != nil {
		t.Fatal(err)
	}
	page := read(t, response)
	state := parameter(t, target, "state")
	if response.StatusCode != http.StatusOK || !strings.Contains(page, `value="`+state+`"`) || !strings.Contains(page, `name="email_verified"`) {
		t.Fatalf("status %d, page %s", response.StatusCode, page)
	}
	base, _, _ := strings.Cut(target, "?")
	filledIn := func(fields url.Values) string { return base + "?" + fields.Encode() }
	if where := w.comeBack(c, filledIn(url.Values{
		"state": {state}, "id": {"7"}, "email": {"ann@example.org"}, "email_verified": {"on"}, "username": {"ann"}, "first_name": {"Ann"}, "last_name": {"Example"},
	})); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	c.Get("auth/session").LoggedIn("ann@example.org")
	for name, fields := range map[string]url.Values{
		"a name as id": {"id": {"ann"}},
		"no id":        {"id": {""}},
		"cancelled":    {"id": {"7"}, "error": {"access_denied"}},
	} {
		other := w.Client(browser)
		fields.Set("state", parameter(t, w.begin(other, "dummy", "login", "/done"), "state"))
		want := failed("/done", map[bool]string{true: "cancelled", false: "unknown"}[name == "cancelled"], "login")
		if where := w.comeBack(other, filledIn(fields)); where != want {
			t.Errorf("%s: lands at %s", name, where)
		}
		loggedOut(t, other)
	}
	forged := w.Client(browser)
	if where := w.comeBack(forged, filledIn(url.Values{"state": {state + "x"}, "id": {"7"}})); where != w.errorPage() {
		t.Errorf("with another state: lands at %s", where)
	}
	hostile, err := c.HTTP.Get(base + "?state=" + url.QueryEscape(`"><script>alert(1)</script>`))
	if err != nil {
		t.Fatal(err)
	}
	if page := read(t, hostile); strings.Contains(page, "<script") {
		t.Errorf("the page contains the script: %s", page)
	}
}

// Its ID token is the fields as JSON, without a client id.
func TestTokensOfTheDummyProvider(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		w := start(t, withDummy)
		post := func(token body) *clienttest.Answer {
			return w.Client(kind).Post("auth/provider/token", body{"provider": "dummy", "process": "login", "token": token})
		}
		post(body{"id_token": `{"id": 7, "email": "ann@example.org", "email_verified": true}`}).LoggedIn("ann@example.org")
		post(body{"id_token": `{"id": "7"}`}).LoggedIn("ann@example.org")
		for _, token := range []string{`{"id": 7.5}`, `{"id": "ann"}`, `{}`, `7`, `not JSON`} {
			post(body{"id_token": token}).Problems("token:invalid_token")
		}
	})
}

// inDevelopment is a provider of the host that logs in everyone as anyone.
type inDevelopment struct{ redirectOnly }

func (inDevelopment) Info() provider.Info {
	return provider.Info{ID: "own", Class: "own", Name: "Own", Redirect: true, Development: true}
}

// The provider, and one of the host that says the same of itself, is refused where others
// than the developer reach the server.
func TestProvidersForDevelopment(t *testing.T) {
	t.Parallel()
	for where, social := range map[string]socialaccount.Config{
		"SocialAccount.Providers[0] (dummy)": {Providers: []provider.App{{Provider: "dummy"}}},
		"SocialAccount.Custom[0] (own)":      {Custom: []provider.Provider{inDevelopment{}}},
	} {
		for base, valid := range map[string]bool{
			"http://localhost:8000": true, "http://127.0.0.1": true, "https://app.localhost": true, "http://[::1]:8000": true,
			"https://app.example.org": false, "http://192.168.1.2": false, "https://localhost.example.org": false, "http://0.0.0.0:8000": false,
		} {
			auth, err := allauth.New(allauth.Config{
				BaseURL: base, Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{}, SocialAccount: &social,
			}, memstore.New())
			if valid != (err == nil) || err != nil && !strings.Contains(err.Error(), where+": everyone could log in as anyone; leave the provider out") {
				t.Errorf("%s at %s: %v", where, base, err)
			}
			if auth != nil {
				if err := auth.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
