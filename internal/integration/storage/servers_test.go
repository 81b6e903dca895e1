package storage_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	scsmemstore "github.com/alexedwards/scs/v2/memstore"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/redisstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// backend is shared by several servers. connect opens it as one server does, with
// a connection pool of its own.
type backend struct {
	name    string
	connect func(t testing.TB) storage.Store
}

// backends returns the available backends.
func backends(t *testing.T) []backend {
	t.Helper()
	file := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "shared.db"))
	list := []backend{{"SQLite", func(t testing.TB) storage.Store {
		return connectSQL(t, "sqlite", file, sqlstore.SQLite)
	}}}
	if source := testserver.MySQL(t); source != "" {
		list = append(list, backend{"MySQL", func(t testing.TB) storage.Store {
			return connectSQL(t, "mysql", source, sqlstore.MySQL)
		}})
	}
	source := testserver.Postgres(t)
	if source == "" {
		return list
	}
	list = append(list, backend{"Postgres", func(t testing.TB) storage.Store {
		return connectSQL(t, "pgx", source, sqlstore.Postgres)
	}})
	for name, address := range map[string]string{"PostgresAndRedis": testserver.Redis(t), "PostgresAndRedisCluster": testserver.RedisCluster(t)} {
		if address == "" {
			continue
		}
		source, prefix := testserver.Postgres(t), rand.Text()+":"
		list = append(list, backend{name, func(t testing.TB) storage.Store {
			cache := connectRedis(t, address, prefix)
			base := connectSQL(t, "pgx", source, sqlstore.Postgres)
			return storage.Compose(base, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
		}})
	}
	return list
}

func connectSQL(t testing.TB, driver, source string, dialect sqlstore.Dialect) *sqlstore.Store {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { _ = db.Close() })
	store := sqlstore.New(db, dialect)
	if err := store.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return store
}

func connectRedis(t testing.TB, address, prefix string) *redisstore.Store {
	t.Helper()
	return redisstore.New(testserver.ConnectRedis(t, address), redisstore.KeyPrefix(prefix))
}

// startTwo starts two servers on one backend, behind an address that alternates
// between them.
func startTwo(t *testing.T, b backend, edit ...func(cfg *allauth.Config)) *clienttest.Server {
	t.Helper()
	s := clienttest.StartOn(t, b.connect(t), edit...)
	other, err := allauth.New(s.Config, b.connect(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := other.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	var requests atomic.Int64
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%2 == 0 {
			s.Auth.ServeHTTP(w, r)
			return
		}
		other.ServeHTTP(w, r)
	})
	return s
}

// onBoth runs a test for both kinds of clients, on every backend. Each run has a
// database of its own, as any server on it may deliver a mail.
func onBoth(t *testing.T, test func(t *testing.T, b backend, kind clienttest.Kind)) {
	t.Helper()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		for _, b := range backends(t) {
			t.Run(b.name, func(t *testing.T) { test(t, b, kind) })
		}
	})
}

// A user signs up, verifies the address, logs in and out, and each server gets
// only every other request.
func TestTwoServersAreOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b backend, kind clienttest.Kind) {
		s := startTwo(t, b)
		for _, email := range []string{"ann@example.org", "bob@example.org"} {
			c := s.SignUp(kind, email)
			for range 3 {
				c.Get("auth/session").LoggedIn(email)
			}
			c.Post("account/password/change", clienttest.Body{"current_password": clienttest.Password, "new_password": clienttest.Password + "!"})
			c.Get("auth/session").LoggedIn(email)
			before := c.Clone()
			c.Delete("auth/session", nil).Status(401)
			for range 2 { // what one server ended has ended on the other
				if answer := before.Clone().Get("auth/session"); answer.StatusCode == 200 {
					t.Fatalf("a session that one server ended lives on the other: %s", answer.Text)
				}
			}
			s.Client(kind).Get("config").Status(200) // the next account sees the servers the other way round
		}
	})
}

// A code that is sent to both servers many times concurrently is accepted once.
func TestTwoServersTakeACodeOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b backend, kind clienttest.Kind) {
		s := startTwo(t, b, func(cfg *allauth.Config) { cfg.Account.EmailVerificationByCode = &account.CodeConfig{} })
		email := "code" + string(kind) + "@example.org"
		c := s.Client(kind)
		c.Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password}).Status(401).Pending("verify_email")
		code := s.Mail(email).Code()
		clients := make([]*clienttest.Client, 16)
		for i := range clients {
			clients[i] = c.Clone()
		}
		var won atomic.Int64
		clienttest.Parallel(len(clients), func(i int) {
			if clients[i].Post("auth/email/verify", clienttest.Body{"key": code}).StatusCode == 200 {
				won.Add(1)
			}
		})
		if won.Load() != 1 {
			t.Errorf("the code was taken %d times", won.Load())
		}
		s.LogIn(kind, email)
	})
}

// The key of a reset link sets one password, whichever server gets it.
func TestTwoServersTakeAResetKeyOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b backend, kind clienttest.Kind) {
		s := startTwo(t, b)
		email := "reset" + string(kind) + "@example.org"
		s.SignUp(kind, email)
		s.Client(kind).Post("auth/password/request", clienttest.Body{"email": email}).Status(200)
		key := s.MailOf("account/password_reset_key", email).Key()
		clients := make([]*clienttest.Client, 16)
		for i := range clients {
			clients[i] = s.Client(kind)
		}
		var won atomic.Int64
		clienttest.Parallel(len(clients), func(i int) {
			answer := clients[i].Post("auth/password/reset", clienttest.Body{"key": key, "password": clienttest.Password + string(rune('a'+i))})
			if answer.StatusCode == 401 || answer.StatusCode == 200 {
				won.Add(1)
			}
		})
		if won.Load() != 1 {
			t.Errorf("the key was taken %d times", won.Load())
		}
	})
}

// Both servers share the limits.
func TestTwoServersShareLimits(t *testing.T) {
	t.Parallel()
	for _, b := range backends(t) {
		s := startTwo(t, b, func(cfg *allauth.Config) {
			cfg.DisableRateLimits = false
			cfg.RateLimits = map[string]string{ratelimit.ActionLoginFailed: "5/m/key"}
		})
		refused := 0
		for range 8 {
			answer := s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": "unknown@example.org", "password": "wrong"})
			if strings.Contains(answer.Text, "too_many_login_attempts") {
				refused++
			}
		}
		if refused != 3 {
			t.Errorf("%s: %d of 8 attempts were refused instead of 3", b.name, refused)
		}
	}
}

// forgetful is an scs store that does not delete: the data of an ended session is
// still stored.
type forgetful struct{ scs.Store }

func (forgetful) Delete(string) error { return nil }

// The data of sessions can be kept in any scs store. Deleting the row ends a
// session on every server, even if the data stays.
func TestTwoServersWithSessionDataElsewhere(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b backend, kind clienttest.Kind) {
		data := forgetful{scsmemstore.NewWithCleanupInterval(0)}
		s := startTwo(t, b, func(cfg *allauth.Config) { cfg.Sessions.Store = sessions.IgnoreContext(data) })
		c := s.SignUp(kind, "ann@example.org")
		for range 3 {
			c.Get("auth/session").LoggedIn("ann@example.org")
		}
		before := c.Clone()
		c.Delete("auth/session", nil).Status(401)
		for range 2 {
			if answer := before.Clone().Get("auth/session"); answer.StatusCode == 200 {
				t.Fatalf("a session that was ended lives on: %s", answer.Text)
			}
		}
	})
}
