package bench_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	_ "modernc.org/sqlite"             // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// connections is the size of the pool of connections to a database.
const connections = 20

// backend is where sessions and users are kept.
type backend struct {
	name string
	// open returns a store and its database, which is nil for memory, and the store
	// is nil where tests have no server.
	open func(tb testing.TB) (storage.Store, *sql.DB)
}

var backends = []backend{
	{"memory", func(testing.TB) (storage.Store, *sql.DB) { return memstore.New(), nil }},
	{"SQLite", func(tb testing.TB) (storage.Store, *sql.DB) {
		return openSQL(tb, "sqlite", sqlstore.SQLiteDSN(filepath.Join(tb.TempDir(), "bench.db")), sqlstore.SQLite)
	}},
	{"PostgreSQL", func(tb testing.TB) (storage.Store, *sql.DB) {
		return openSQL(tb, "pgx", testserver.Postgres(tb), sqlstore.Postgres)
	}},
}

func openSQL(tb testing.TB, driver, source string, dialect sqlstore.Dialect) (storage.Store, *sql.DB) {
	tb.Helper()
	if source == "" {
		tb.Skip("there is no server")
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() }) // its database is dropped
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	store := sqlstore.New(db, dialect)
	if err := store.Migrate(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return store, db
}

// newAuth returns the library with its default rate limits, and hashes of next to
// no cost. edit may be nil.
func newAuth(tb testing.TB, store storage.Store, edit func(cfg *allauth.Config)) *allauth.Auth {
	tb.Helper()
	cfg := allauth.Config{
		BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{},
		Account: account.Config{EmailVerification: authn.VerificationNone}, DisableEmailNotifications: true,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	cfg.Account.PasswordHash = clienttest.Cheap()
	if edit != nil {
		edit(&cfg)
	}
	auth, err := allauth.New(cfg, store)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return auth
}

// addUser makes an account and returns its email address.
func addUser(tb testing.TB, auth *allauth.Auth, name string) string {
	tb.Helper()
	email := name + "@example.org"
	user, err := clienttest.Create(context.Background(), auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: email}, EmailVerified: true})
	if err == nil {
		err = auth.Users().SetPassword(context.Background(), user.ID, clienttest.Password)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return email
}

// apiPath returns the path of an endpoint.
func apiPath(kind clienttest.Kind, endpoint string) string {
	return "/_allauth/" + string(kind) + "/v1/" + endpoint
}

// loginRequest returns a function that makes requests to log in, each anew as its
// body is read once. The browser has visited the site before.
func loginRequest(tb testing.TB, auth http.Handler, kind clienttest.Kind, email string) func() *http.Request {
	tb.Helper()
	text := fmt.Sprintf(`{"email":%q,"password":%q}`, email, clienttest.Password)
	var cookies []*http.Cookie
	if kind == clienttest.Browser {
		w := httptest.NewRecorder()
		auth.ServeHTTP(w, httptest.NewRequest(http.MethodGet, apiPath(kind, "config"), nil))
		cookies = w.Result().Cookies()
	}
	return func() *http.Request {
		r := httptest.NewRequest(http.MethodPost, apiPath(kind, "auth/login"), strings.NewReader(text))
		r.Header.Set("Content-Type", "application/json")
		dress(r, cookies)
		return r
	}
}

// dress puts cookies on a request, and the header that pages copy one of them to.
func dress(r *http.Request, cookies []*http.Cookie) {
	for _, cookie := range cookies {
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
		if cookie.Name == "csrftoken" {
			r.Header.Set("X-CSRFToken", cookie.Value)
		}
	}
	if len(cookies) > 0 {
		r.Header.Set("Origin", "https://app.example.org")
		r.Host = "app.example.org"
	}
}

// logIn logs a user in and returns what marks the client in its next requests.
func logIn(tb testing.TB, auth http.Handler, kind clienttest.Kind, email string) (mark func(r *http.Request)) {
	tb.Helper()
	cookies, meta := logInAnswer(tb, auth, kind, email)
	return func(r *http.Request) {
		if kind == clienttest.App {
			r.Header.Set("X-Session-Token", meta.SessionToken)
			return
		}
		for _, cookie := range cookies {
			r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
		}
	}
}

// meta is what an app gets with a login.
type meta struct {
	SessionToken string `json:"session_token"`
	AccessToken  string `json:"access_token"`
}

func logInAnswer(tb testing.TB, auth http.Handler, kind clienttest.Kind, email string) ([]*http.Cookie, meta) {
	tb.Helper()
	w := httptest.NewRecorder()
	auth.ServeHTTP(w, loginRequest(tb, auth, kind, email)())
	var body struct {
		Meta meta `json:"meta"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusOK {
		tb.Fatalf("login: %d %s", w.Code, w.Body)
	}
	return w.Result().Cookies(), body.Meta
}
