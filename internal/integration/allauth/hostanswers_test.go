package allauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage/memstore"
)

// refusal is the response of the host's own route to a request without a user.
type refusal struct {
	Status int
	Data   struct {
		Flows []struct {
			ID        string
			IsPending bool `json:"is_pending"`
		}
	}
}

func (r refusal) lists(id string) bool {
	return slices.ContainsFunc(r.Data.Flows, func(f struct {
		ID        string
		IsPending bool `json:"is_pending"`
	}) bool {
		return f.ID == id
	})
}

func (r refusal) pending() []string {
	var ids []string
	for _, f := range r.Data.Flows {
		if f.IsPending {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// refuse requests a page that needs a login.
func refuse(t *testing.T, auth *allauth.Auth, header http.Header, cookies ...*http.Cookie) refusal {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/page", nil)
	r.Header = header
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	auth.Middleware(auth.RequireLogin(http.NotFoundHandler())).ServeHTTP(w, r)
	var answer refusal
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusUnauthorized || answer.Status != w.Code {
		t.Fatalf("status %d, error %v: %s", w.Code, err, w.Body)
	}
	return answer
}

func TestTheHostsRoutesAnswerEachClientAsItsKind(t *testing.T) {
	t.Parallel()
	for _, config := range []struct {
		name      string
		clients   []string
		asBrowser map[string]bool // by the credentials of the request
	}{
		{"both", nil, map[string]bool{"nothing": true, "a cookie": true, "a session token": false, "an access token": false, "a foreign token": true}},
		{"browsers only", []string{"browser"}, map[string]bool{"nothing": true, "a cookie": true, "a session token": true, "an access token": true, "a foreign token": true}},
		{"apps only", []string{"app"}, map[string]bool{"nothing": false, "a cookie": false, "a session token": false, "an access token": false, "a foreign token": false}},
	} {
		t.Run(config.name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, func(cfg *allauth.Config) {
				cfg.Headless.Clients = config.clients
				cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
				cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{Provider: "google", ClientID: "id", ClientSecret: "secret"}}}
			})
			for shown, browser := range config.asBrowser {
				header := map[string]http.Header{
					"a session token": {"X-Session-Token": {"unknown"}},
					"an access token": {"Authorization": {"Bearer unknown"}},
					"a foreign token": {"Authorization": {"Basic YTpi"}},
					"a cookie":        {"Cookie": {"sessionid=unknown"}},
				}[shown]
				if header == nil {
					header = http.Header{}
				}
				answer := refuse(t, s.Auth, header)
				if answer.lists("provider_redirect") != browser || !answer.lists("provider_token") || !answer.lists("login") {
					t.Errorf("with %s: %+v, want the flows of a browser: %v", shown, answer, browser)
				}
			}
		})
	}
}

// The response of the host's routes includes the pending step of a login, too.
func TestTheHostsRoutesTellWhatIsPending(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t)
		c := s.Client(kind)
		c.Post("auth/signup", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(401).Pending("verify_email")
		header := http.Header{}
		if c.Token != "" {
			header.Set("X-Session-Token", c.Token)
		}
		answer := refuse(t, s.Auth, header, &http.Cookie{Name: "sessionid", Value: c.Cookie("sessionid")})
		if got := answer.pending(); !slices.Equal(got, []string{"verify_email"}) {
			t.Errorf("pending %v", got)
		}
	})
}

// Credentials of a kind of client are refused once the kind is turned off.
func TestAKindOfClientThatIsNotServedIsAnonymous(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	served := func(clients ...string) *clienttest.Server {
		return clienttest.StartOn(t, store, func(cfg *allauth.Config) {
			cfg.Headless.Clients = clients
			cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
			cfg.BaseURL = "http://localhost:8080"
		})
	}
	both := served("app", "browser")
	app, browser := both.SignUp(clienttest.App, "ann@example.org"), both.LogIn(clienttest.Browser, "ann@example.org")
	credentials := map[string]http.Header{
		"session token": {"X-Session-Token": {app.Token}},
		"access token":  {"Authorization": {"Bearer " + app.AccessToken}},
		"cookie":        {"Cookie": {"sessionid=" + browser.Cookie("sessionid")}},
	}
	for kind, good := range map[string]map[string]bool{
		"app": {"session token": true, "access token": true}, "browser": {"cookie": true},
	} {
		s := served(kind)
		page := s.Auth.Middleware(s.Auth.RequireLogin(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
		for what, header := range credentials {
			r := httptest.NewRequest(http.MethodGet, "/page", nil)
			r.Header = header.Clone()
			w := httptest.NewRecorder()
			page.ServeHTTP(w, r)
			if want := map[bool]int{true: 200, false: 401}[good[what]]; w.Code != want {
				t.Errorf("%s where only %ss are served: %d, want %d", what, kind, w.Code, want)
			}
		}
	}
}
