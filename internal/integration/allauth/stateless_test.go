package allauth_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/sqlrecord"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// stateless is a server with stateless tokens, and a user with a client.
func stateless(t *testing.T) (*clienttest.Server, *sql.DB, *clienttest.Client) {
	t.Helper()
	db := sqlrecord.Open(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db")))
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) {
		cfg.MFA = &mfa.Config{}
		cfg.Tokens = &token.Config{
			Keys: []token.Key{{Secret: clienttest.Secret}}, StatelessValidation: true, AccessTokenExpiresIn: time.Hour,
			Claims: func(context.Context, *authn.User) (map[string]any, error) {
				return map[string]any{"preferred_username": "ann", "name": "Ann Example", "plan": "gold", "sub": "another"}, nil
			},
		}
	})
	return s, db, s.SignUp(clienttest.App, "ann@example.org")
}

// ask requests a route with an access token, and returns the status and the
// number of queries.
func ask(route http.Handler, access string) (status, statements int) {
	r := httptest.NewRequest(http.MethodGet, "/me", nil)
	ctx, recording := sqlrecord.Record(r.Context())
	r.Header.Set("Authorization", "Bearer "+access)
	w := httptest.NewRecorder()
	route.ServeHTTP(w, r.WithContext(ctx))
	return w.Code, len(recording.Statements())
}

// A stateless access token needs no query: the user is described by the claims.
func TestAStatelessTokenAsksNoStore(t *testing.T) {
	t.Parallel()
	s, _, c := stateless(t)
	id, _ := c.Get("auth/session").Value("data", "user", "id").(float64)
	var user *authn.User
	route := s.Auth.Middleware(s.Auth.RequireLogin(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, _ = s.Auth.UserFrom(r.Context())
		if methods := s.Auth.MethodsFrom(r.Context()); methods != nil {
			t.Errorf("methods without a session: %v", methods)
		}
	})))
	if status, statements := ask(route, c.AccessToken); status != http.StatusOK || statements != 0 {
		t.Fatalf("status %d after %d statements", status, statements)
	}
	if user.ID != strconv.FormatFloat(id, 'f', 0, 64) || user.Username != "ann" || user.Display != "Ann Example" || string(user.Extra["plan"]) != `"gold"` || len(user.Extra) != 3 {
		t.Errorf("user %+v", user)
	}
	if status, _ := ask(route, c.AccessToken+"x"); status != http.StatusUnauthorized {
		t.Errorf("a changed token: %d", status)
	}
	s.Clock.Advance(2 * time.Hour)
	if status, _ := ask(route, c.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("an expired token: %d", status)
	}
}

// RequireRecent and RequireMFA load the session, however the user was found.
func TestRequireRecentAndRequireMFALoadTheSession(t *testing.T) {
	t.Parallel()
	s, db, c := stateless(t)
	seen := 0
	page := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = len(s.Auth.MethodsFrom(r.Context())) })
	login, recent, second := s.Auth.Middleware(s.Auth.RequireLogin(page)), s.Auth.Middleware(s.Auth.RequireRecent(page)), s.Auth.Middleware(s.Auth.RequireMFA(page))
	expect := func(when string, route http.Handler, want int) {
		t.Helper()
		if got, _ := ask(route, c.AccessToken); got != want {
			t.Errorf("%s: status %d, want %d", when, got, want)
		}
	}
	expect("just logged in", recent, http.StatusOK)
	if seen == 0 {
		t.Error("behind RequireRecent there are no methods")
	}
	expect("no authenticator", second, http.StatusForbidden)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	code := func() clienttest.Body {
		s.Clock.Advance(30 * time.Second)
		text, err := totp.GenerateCode(secret, s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return clienttest.Body{"code": text}
	}
	c.Post("account/authenticators/totp", code()).Status(200)
	expect("no second factor in this session", second, http.StatusUnauthorized)
	c.Post("auth/2fa/reauthenticate", code()).Status(200)
	expect("with a second factor", second, http.StatusOK)
	s.Clock.Advance(6 * time.Minute)
	expect("no recent proof", recent, http.StatusUnauthorized)

	c.Delete("auth/session", nil).Status(401)
	expect("logged out", login, http.StatusOK) // until the token expires
	expect("logged out", recent, http.StatusUnauthorized)
	expect("logged out", second, http.StatusUnauthorized)
	if _, err := db.Exec("DROP TABLE allauth_sessions"); err != nil {
		t.Fatal(err)
	}
	expect("the database fails", login, http.StatusOK)
	expect("the database fails", recent, http.StatusServiceUnavailable)
	expect("the database fails", second, http.StatusServiceUnavailable)
}
