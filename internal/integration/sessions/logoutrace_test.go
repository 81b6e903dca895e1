package sessions_test

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver named "mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// databases runs a test with the available databases.
func databases(t *testing.T, test func(t *testing.T, store *sqlstore.Store)) {
	for name, database := range map[string]struct {
		driver  string
		dialect sqlstore.Dialect
		source  func(t testing.TB) string
	}{
		"SQLite": {"sqlite", sqlstore.SQLite, func(t testing.TB) string {
			return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db"))
		}},
		"PostgreSQL": {"pgx", sqlstore.Postgres, testserver.Postgres},
		"MariaDB":    {"mysql", sqlstore.MySQL, testserver.MySQL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := database.source(t)
			if source == "" {
				return
			}
			db, err := sql.Open(database.driver, source)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() }) // the test has ended
			store := sqlstore.New(db, database.dialect)
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			test(t, store)
		})
	}
}

// userIDOf returns the id of the logged-in user.
func userIDOf(c *clienttest.Client) string {
	id, _ := c.Get("auth/session").Status(200).Value("data", "user", "id").(float64)
	return strconv.FormatFloat(id, 'f', -1, 64)
}

// renewals are the requests that renew a session. Each prepares a client and
// returns a function that sends the request.
var renewals = map[string]func(s *clienttest.Server, c *clienttest.Client, email string) (renew func(c *clienttest.Client)){
	"a change of the password": func(s *clienttest.Server, c *clienttest.Client, email string) func(c *clienttest.Client) {
		c.Post("auth/login", clienttest.Body{"email": email, "password": clienttest.Password}).LoggedIn(email)
		return func(c *clienttest.Client) {
			c.Post("account/password/change", clienttest.Body{"current_password": clienttest.Password, "new_password": "Another-1-horse"})
		}
	},
	"a login by code": func(s *clienttest.Server, c *clienttest.Client, email string) func(c *clienttest.Client) {
		c.Post("auth/code/request", clienttest.Body{"email": email}).Status(401).Pending("login_by_code")
		code := s.MailOf("account/login_code", email).Code()
		return func(c *clienttest.Client) { c.Post("auth/code/confirm", clienttest.Body{"code": code}) }
	},
}

// The user logs out in one tab while the session is renewed in another one. In
// any order, no user is logged in afterwards.
func TestALogoutBesideARenewalLeavesNoSession(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, store *sqlstore.Store) {
		s := clienttest.StartOn(t, store, func(cfg *allauth.Config) {
			cfg.Account.EmailVerification = authn.VerificationNone
			cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
		})
		for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
			for name, prepare := range renewals {
				raceLogout(t, s, kind, name, prepare)
			}
		}
	})
}

func raceLogout(t *testing.T, s *clienttest.Server, kind clienttest.Kind, name string, prepare func(s *clienttest.Server, c *clienttest.Client, email string) func(c *clienttest.Client)) {
	t.Helper()
	email := strings.ReplaceAll(name, " ", "-") + "@" + string(kind) + ".example.org"
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password}).LoggedIn(email)
	id := userIDOf(owner)
	for range 12 {
		if err := s.Auth.Users().SetPassword(t.Context(), id, clienttest.Password); err != nil {
			t.Fatal(err)
		}
		s.Clock.Advance(24 * time.Hour)
		c := s.Client(kind)
		renew := prepare(s, c, email)
		tabs := []*clienttest.Client{c.Clone(), c.Clone()}
		clienttest.Parallel(2, func(i int) {
			if i == 0 {
				renew(tabs[0])
			} else {
				tabs[1].Delete("auth/session", nil)
			}
		})
		for who, client := range map[string]*clienttest.Client{"the token of before": c, "the token of after": tabs[0]} {
			if answer := client.Get("auth/session"); answer.StatusCode == http.StatusOK {
				t.Fatalf("%s of an %s: %s is good after the logout: %s", name, kind, who, answer.Text)
			}
		}
	}
}
