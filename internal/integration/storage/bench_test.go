package storage_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// filled opens each store with n users.
var filled = []struct {
	name string
	here func() bool
	open func(b *testing.B, n int) storage.Store
}{
	{"memstore", always, filledMemory},
	{"sqlite", always, func(b *testing.B, n int) storage.Store {
		return filledSQL(b, "sqlite", sqlstore.SQLiteDSN(filepath.Join(b.TempDir(), "bench.db")), sqlstore.SQLite, n)
	}},
	{"postgres", configured("ALLAUTH_TEST_POSTGRES"), func(b *testing.B, n int) storage.Store {
		return filledSQL(b, "pgx", testserver.Postgres(b), sqlstore.Postgres, n)
	}},
	{"mysql", configured("ALLAUTH_TEST_MYSQL"), func(b *testing.B, n int) storage.Store {
		return filledSQL(b, "mysql", testserver.MySQL(b), sqlstore.MySQL, n)
	}},
	{"postgres+redis", configured("ALLAUTH_TEST_POSTGRES", "ALLAUTH_TEST_REDIS"), func(b *testing.B, n int) storage.Store {
		base := filledSQL(b, "pgx", testserver.Postgres(b), sqlstore.Postgres, n)
		cache := connectRedis(b, testserver.Redis(b), rand.Text()+":")
		return storage.Compose(base, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
	}},
}

func always() bool { return true }

func configured(variables ...string) func() bool {
	return func() bool {
		return !slices.ContainsFunc(variables, func(name string) bool { return os.Getenv(name) == "" })
	}
}

func filledSQL(b *testing.B, driver, source string, dialect sqlstore.Dialect, n int) storage.Store {
	b.Helper()
	store := connectSQL(b, driver, source, dialect)
	db, err := sql.Open(driver, source)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	testserver.Populate(b, db, driver, n)
	if _, err := db.Exec("DELETE FROM allauth_outbox"); err != nil { // its key is lost
		b.Fatal(err)
	}
	return store
}

func filledMemory(b *testing.B, n int) storage.Store {
	b.Helper()
	store, ctx, now := memstore.New(), b.Context(), time.Now()
	for i := range n {
		id := fmt.Sprint(i)
		email := account.EmailAddress{UserID: id, Email: "user" + id + "@example.com", Verified: true, Primary: true, CreatedAt: now}
		row := sessions.Row{ID: id, TokenHash: "token" + id, UserID: id, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		for _, err := range []error{
			store.AddEmail(ctx, email, true), store.SwapPasswordHash(ctx, id, "", "hash"), store.CreateSession(ctx, row),
		} {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	return store
}

// onFilled runs a benchmark on every store with a thousand users, and with
// ALLAUTH_TEST_USERS users: the cost must be the same.
func onFilled(b *testing.B, run func(b *testing.B, auth *allauth.Auth)) {
	sizes := []int{1000}
	if n := testserver.Users(1000); n != 1000 {
		sizes = append(sizes, n)
	}
	for _, f := range filled {
		if !f.here() {
			continue
		}
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/users=%d", f.name, n), func(b *testing.B) {
				auth := benchmarked(b, f.open(b, n))
				b.ReportAllocs()
				run(b, auth)
			})
		}
	}
}

// silence delivers nothing.
type silence struct{}

func (silence) Send(context.Context, notify.Message) error { return nil }
func (silence) Validate() error                            { return nil }

// benchmarked is the library without limits and with cheap hashes.
func benchmarked(b *testing.B, store storage.Store) *allauth.Auth {
	b.Helper()
	cfg := allauth.Config{
		BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: silence{}, DisableRateLimits: true,
		Account: account.Config{EmailVerification: authn.VerificationNone}, DisableEmailNotifications: true,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	cfg.Account.PasswordHash = clienttest.Cheap()
	auth, err := allauth.New(cfg, store)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return auth
}

// ask sends a request as an app.
func ask(b *testing.B, auth *allauth.Auth, method, path, token, body string) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequest(method, "/_allauth/app/v1/"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("X-Session-Token", token)
	}
	w := httptest.NewRecorder()
	auth.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w
}

var people atomic.Int64

// join signs a user up and returns the address and the session token.
func join(b *testing.B, auth *allauth.Auth) (email, token string) {
	b.Helper()
	email = fmt.Sprintf("person%d@example.org", people.Add(1))
	answer := ask(b, auth, "POST", "auth/signup", "", credentials(email))
	var body struct {
		Meta struct {
			SessionToken string `json:"session_token"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		b.Fatal(err)
	}
	return email, body.Meta.SessionToken
}

func credentials(email string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, clienttest.Password)
}

// BenchmarkSession is GET auth/session of a logged-in user.
func BenchmarkSession(b *testing.B) {
	onFilled(b, func(b *testing.B, auth *allauth.Auth) {
		_, token := join(b, auth)
		for b.Loop() {
			ask(b, auth, "GET", "auth/session", token, "")
		}
	})
}

// BenchmarkLogin is a login of a user with the maximum number of sessions.
func BenchmarkLogin(b *testing.B) {
	onFilled(b, func(b *testing.B, auth *allauth.Auth) {
		email, _ := join(b, auth)
		text := credentials(email)
		for b.Loop() {
			ask(b, auth, "POST", "auth/login", "", text)
		}
	})
}

// BenchmarkSignup is a sign-up.
func BenchmarkSignup(b *testing.B) {
	onFilled(b, func(b *testing.B, auth *allauth.Auth) {
		for b.Loop() {
			join(b, auth)
		}
	})
}
