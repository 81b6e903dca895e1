package allauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// countedUsers gives its users the ids 1, 2 and so on, as two databases of one
// application both do.
type countedUsers struct {
	mu    sync.Mutex
	users []authn.User
}

func (c *countedUsers) CreateUser(_ context.Context, u authn.NewUser) (*authn.User, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users = append(c.users, authn.User{ID: strconv.Itoa(len(c.users) + 1), Display: u.Display})
	user := c.users[len(c.users)-1]
	return &user, nil
}

func (c *countedUsers) UserByID(_ context.Context, id string) (*authn.User, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := strconv.Atoi(id)
	if err != nil || n < 1 || n > len(c.users) {
		return nil, authn.ErrNotFound
	}
	user := c.users[n-1]
	return &user, nil
}

// answerTo returns the response of a handler of the host to a request with that
// header.
func answerTo(handler http.Handler, header, value string) int {
	r := httptest.NewRequest(http.MethodGet, "http://app.example.org/", nil)
	r.Header.Set(header, value)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer.Code
}

func TestTwoAuthsInOneProcessKnowOnlyTheirOwnUsers(t *testing.T) {
	t.Parallel()
	withMFA := func(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} }
	staff, shop := clienttest.Start(t, withMFA), clienttest.Start(t, withMFA)
	employee, customer := staff.SignUp(clienttest.App, "ann@example.org"), shop.SignUp(clienttest.App, "bob@example.org")
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, ok := staff.Auth.UserFrom(r.Context()); !ok || user == nil || len(staff.Auth.MethodsFrom(r.Context())) == 0 {
			t.Error("the page is shown to a request without a user of its own")
		}
	})
	look := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, ok := staff.Auth.UserFrom(r.Context()); ok {
			t.Errorf("the customer is user %s of the staff", user.ID)
		}
		if methods := staff.Auth.MethodsFrom(r.Context()); methods != nil {
			t.Errorf("the customer's methods are those of the staff: %v", methods)
		}
		if _, ok := shop.Auth.UserFrom(r.Context()); !ok {
			t.Error("the customer is unknown to the shop")
		}
	})
	around := map[string]func(h http.Handler) http.Handler{
		"the other's middleware":    shop.Auth.Middleware,
		"both, the other's inside":  func(h http.Handler) http.Handler { return staff.Auth.Middleware(shop.Auth.Middleware(h)) },
		"both, the other's outside": func(h http.Handler) http.Handler { return shop.Auth.Middleware(staff.Auth.Middleware(h)) },
		"its own twice, the other's between": func(h http.Handler) http.Handler {
			return staff.Auth.Middleware(shop.Auth.Middleware(staff.Auth.Middleware(h)))
		},
		"the other's twice, its own between": func(h http.Handler) http.Handler {
			return shop.Auth.Middleware(staff.Auth.Middleware(shop.Auth.Middleware(h)))
		},
	}
	for name, middleware := range around {
		answerTo(middleware(look), "X-Session-Token", customer.Token)
		for what, guarded := range map[string]http.Handler{
			"RequireLogin": staff.Auth.RequireLogin(page), "RequireRecent": staff.Auth.RequireRecent(page), "RequireMFA": staff.Auth.RequireMFA(page),
		} {
			if status := answerTo(middleware(guarded), "X-Session-Token", customer.Token); status != http.StatusUnauthorized {
				t.Errorf("%s within %s: the customer got %d, want 401", what, name, status)
			}
		}
		if name == "the other's middleware" {
			continue
		}
		for what, guarded := range map[string]http.Handler{
			"RequireLogin": staff.Auth.RequireLogin(page), "RequireRecent": staff.Auth.RequireRecent(page),
		} {
			if status := answerTo(middleware(guarded), "X-Session-Token", employee.Token); status != http.StatusOK {
				t.Errorf("%s within %s: the employee got %d, want 200", what, name, status)
			}
		}
	}
	// Without a middleware RequireLogin and the others accept no user.
	for what, guarded := range map[string]http.Handler{
		"RequireLogin": staff.Auth.RequireLogin(page), "RequireRecent": staff.Auth.RequireRecent(page), "RequireMFA": staff.Auth.RequireMFA(page),
	} {
		if status := answerTo(guarded, "X-Session-Token", employee.Token); status != http.StatusUnauthorized {
			t.Errorf("%s without a middleware answered %d, want 401", what, status)
		}
	}
}

// Both have a user 1, and sign and encrypt with the same keys.
func TestAccessTokensOfAnotherAuthAreRefused(t *testing.T) {
	t.Parallel()
	key := token.Key{Secret: []byte("fedcba9876543210fedcba9876543210")}
	for name, config := range map[string]struct {
		stateless bool
		secret    []byte
	}{
		"stateful, equal secrets":      {false, clienttest.Secret},
		"stateless, equal secrets":     {true, clienttest.Secret},
		"stateless, different secrets": {true, []byte("another secret of 32 random bytes")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := func(basePath string, secret []byte) *clienttest.Server {
				return clienttest.StartOn(t, storage.Compose(memstore.New(), storage.Parts{Users: &countedUsers{}}), func(cfg *allauth.Config) {
					cfg.Tokens = &token.Config{Keys: []token.Key{key}, StatelessValidation: config.stateless}
					cfg.Headless.BasePath, cfg.Secrets = basePath, [][]byte{secret}
					cfg.BaseURL = "https://app.example.org"
				})
			}
			staff, shop := with("/_staff", config.secret), with("/_allauth", clienttest.Secret)
			if _, err := clienttest.Create(t.Context(), staff.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: "ann@example.org"}, EmailVerified: true}); err != nil {
				t.Fatal(err)
			}
			customer := shop.SignUp(clienttest.App, "bob@example.org")
			for who, auth := range map[string]*allauth.Auth{"staff": staff.Auth, "shop": shop.Auth} {
				want := map[string]int{"staff": 401, "shop": 200}[who]
				guarded := auth.Middleware(auth.RequireLogin(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
				if status := answerTo(guarded, "Authorization", "Bearer "+customer.AccessToken); status != want {
					t.Errorf("the customer's access token got %d from the %s, want %d", status, who, want)
				}
				if _, err := auth.VerifyAccessToken(t.Context(), customer.AccessToken); (err == nil) != (want == 200) {
					t.Errorf("the %s verified the customer's access token: %v", who, err)
				}
			}
		})
	}
}

// Services behind the same front end may have tokens of their own.
func TestAForeignAuthorizationHeaderDoesNotHideTheCookie(t *testing.T) {
	t.Parallel()
	for name, stateless := range map[string]bool{"stateful": false, "stateless": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.Start(t, func(cfg *allauth.Config) {
				cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}, StatelessValidation: stateless}
			})
			ended := s.SignUp(clienttest.App, "ann@example.org")
			browser := s.LogIn(clienttest.Browser, "ann@example.org")
			other := s.SignUp(clienttest.App, "bob@example.org")
			ended.Delete("auth/session", nil).Status(401)
			var got string
			app := s.Auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = ""
				if user, ok := s.Auth.UserFrom(r.Context()); ok {
					got = user.ID
				}
			}))
			ask := func(authorization, cookie string) string {
				r := httptest.NewRequest(http.MethodGet, s.URL, nil)
				r.Header.Set("Authorization", authorization)
				r.AddCookie(&http.Cookie{Name: "sessionid", Value: cookie})
				app.ServeHTTP(httptest.NewRecorder(), r)
				return got
			}
			ann, bob := userID(t, browser), userID(t, other)
			for what, authorization := range map[string]string{
				"another scheme": "Basic YTpi", "a token of another service": "Bearer abc.def.ghi", "no token": "Bearer", "a refresh token": "Bearer " + ended.RefreshToken,
			} {
				if got := ask(authorization, browser.Cookie("sessionid")); got != ann {
					t.Errorf("with %s the cookie's user is %q, want %q", what, got, ann)
				}
				if got := ask(authorization, "unknown"); got != "" {
					t.Errorf("with %s and no session the user is %q", what, got)
				}
			}
			if got := ask("Bearer "+other.AccessToken, browser.Cookie("sessionid")); got != bob {
				t.Errorf("with an access token of ours the user is %q, want %q", got, bob)
			}
		})
	}
}
