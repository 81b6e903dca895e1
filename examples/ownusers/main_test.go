package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/storetest"
)

// onEach runs a test on SQLite, and on PostgreSQL if there is a server. create
// opens a new database of the existing application, in which Ann and Bob have
// accounts.
func onEach(t *testing.T, test func(t *testing.T, create func(t *testing.T) (*sql.DB, users))) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, func(t *testing.T) (*sql.DB, users) {
			t.Helper()
			return newDatabase(t, filepath.Join(t.TempDir(), "app.db"), sqlite)
		})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		if os.Getenv("ALLAUTH_TEST_POSTGRES") == "" {
			t.Skip("there is no server")
		}
		test(t, func(t *testing.T) (*sql.DB, users) {
			t.Helper()
			return newDatabase(t, testserver.Postgres(t), postgres)
		})
	})
}

const (
	annsID = "6f1c1a52-27a4-4d8e-9b2f-0d6a8a1c0a01"
	bobsID = "6f1c1a52-27a4-4d8e-9b2f-0d6a8a1c0b02"
)

func newDatabase(t *testing.T, database string, f flavor) (*sql.DB, users) {
	t.Helper()
	before, err := sql.Open(f.driver, database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.Exec(schema); err != nil {
		t.Fatal(err)
	}
	insert(t, before, annsID, "Ann", "Ann@Example.org")
	insert(t, before, bobsID, "Bob", "Bob@Example.org")
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	db, store, err := open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(10)
	t.Cleanup(func() { _ = db.Close() })
	return db, store
}

// hash is what the application's old login page stored.
var hash = sync.OnceValue(func() string {
	hash, err := bcrypt.GenerateFromPassword([]byte(clienttest.Password), bcrypt.MinCost)
	if err != nil {
		panic(err)
	}
	return string(hash)
})

// insert is a sign-up at the application before the library came.
func insert(t *testing.T, db *sql.DB, id, name, email string) {
	t.Helper()
	if _, err := db.Exec(`INSERT INTO users VALUES ($1, $2, $3, $4, $5)`,
		id, email, hash(), name, time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
}

// one returns the single value of a query.
func one[T any](t *testing.T, db *sql.DB, query string, args ...any) (value T) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&value); err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	return value
}

func TestStore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) (*sql.DB, users)) {
		storetest.Run(t, func(t *testing.T) storage.Store {
			_, store := create(t)
			return store
		})
	})
}

// Ann logs in with her existing password although the library has never heard of
// her, verifies her address, and sees the application's own page.
func TestAnOldAccountLogsIn(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) (*sql.DB, users)) {
		clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
			db, store := create(t)
			s := clienttest.StartOn(t, store)
			s.Handler = routes(s.Auth)
			c := s.Client(kind)
			c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "not hers at all"}).Status(400)
			if n := one[int](t, db, `SELECT COUNT(*) FROM allauth_emails`); n != 0 {
				t.Errorf("a wrong password wrote %d rows, which takes longer than for an unknown account", n)
			}
			c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(401).Pending("verify_email")
			c.Post("auth/email/verify", clienttest.Body{"key": s.Mail("ann@example.org").Key()})
			c = s.LogIn(kind, "ann@example.org")

			r, err := http.NewRequest(http.MethodGet, s.URL+"/profile", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Session-Token", c.Token)
			r.AddCookie(&http.Cookie{Name: "sessionid", Value: c.Cookie("sessionid")})
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			page, err := io.ReadAll(response.Body)
			if err != nil || response.Body.Close() != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(page), "Hello Ann") || !strings.Contains(string(page), "since 2020-01-02") {
				t.Errorf("the application does not know Ann: %d %s", response.StatusCode, page)
			}
			anns := one[string](t, db, `SELECT password_hash FROM users WHERE name = 'Ann'`)
			bobs := one[string](t, db, `SELECT password_hash FROM users WHERE name = 'Bob'`)
			if !strings.HasPrefix(anns, "$argon2id$") || !strings.HasPrefix(bobs, "$2a$") {
				t.Errorf("hashes are upgraded at login, and not before: %.10s, %.10s", anns, bobs)
			}
			if email := one[string](t, db, `SELECT email FROM users WHERE name = 'Ann'`); !strings.EqualFold(email, "ann@example.org") {
				t.Errorf("the application's column holds %q", email)
			}
		})
	})
}

// A host that may go back to its old login page keeps the hashes that the page
// can read.
func TestTheWayBackStaysOpen(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) (*sql.DB, users)) {
		db, store := create(t)
		s := clienttest.StartOn(t, store, func(cfg *allauth.Config) {
			cfg.Account.KeepPasswordHashes, cfg.Account.EmailVerification = true, authn.VerificationNone
		})
		s.LogIn(clienttest.App, "ann@example.org")
		if kept := one[string](t, db, `SELECT password_hash FROM users WHERE name = 'Ann'`); kept != hash() {
			t.Errorf("the hash is now %.10s", kept)
		}
	})
}

// Users who are not adopted yet are users all the same: their address is taken,
// and of two who have one the first who verifies it owns it.
func TestUsersAreUsersBeforeTheyAreAdopted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) (*sql.DB, users)) {
		db, store := create(t)
		s := clienttest.StartOn(t, store)
		const thirdID = "6f1c1a52-27a4-4d8e-9b2f-0d6a8a1c0c03"
		insert(t, db, thirdID, "Annette", "ANN@example.org")

		signup := clienttest.Body{"email": "bob@example.org", "password": clienttest.Password}
		s.Client(clienttest.App).Post("auth/signup", signup)
		if n := one[int](t, db, `SELECT COUNT(*) FROM users WHERE email NOT LIKE '%unknown.invalid'`); n != 3 {
			t.Errorf("there are %d users with an address after a sign-up with Bob's", n)
		}

		c := s.Client(clienttest.App)
		c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(401).Pending("verify_email")
		c.Post("auth/email/verify", clienttest.Body{"key": s.Mail("ann@example.org").Key()})
		owners, err := store.EmailsByAddress(t.Context(), "ann@example.org")
		if err != nil || len(owners) != 2 || !owners[0].Verified || owners[1].Verified {
			t.Errorf("%+v, %v", owners, err)
		}
		if n := one[int](t, db, `SELECT COUNT(*) FROM users WHERE lower(email) = 'ann@example.org'`); n != 1 {
			t.Errorf("%d rows have the address that one user has verified", n)
		}
	})
}

// All users are adopted beside the server, by several servers at once, and what
// users have changed meanwhile stays.
func TestAllUsersAreAdoptedBesideTheServer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) (*sql.DB, users)) {
		db, store := create(t)
		const crowd = 3*batch + 7
		for i := range crowd {
			insert(t, db, uuid.NewString(), "one of many", fmt.Sprintf("User%d@example.org", i))
		}
		insert(t, db, uuid.NewString(), "mistyped", "no address")
		s := clienttest.StartOn(t, store, func(cfg *allauth.Config) { cfg.Account.EmailVerification = authn.VerificationNone })
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if _, err := store.adoptAll(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			if err := store.AddEmail(t.Context(), account.EmailAddress{UserID: bobsID, Email: "new@example.org", CreatedAt: time.Now()}, true); err != nil {
				t.Error(err)
			}
			if err := store.SetPrimaryEmail(t.Context(), bobsID, "new@example.org"); err != nil {
				t.Error(err)
			}
			if err := store.DeleteEmail(t.Context(), bobsID, "bob@example.org"); err != nil {
				t.Error(err)
			}
		})
		// At no moment is a user unknown.
		var adopted atomic.Bool
		var reader sync.WaitGroup
		reader.Go(func() {
			for i := 0; !adopted.Load(); i++ {
				email := fmt.Sprintf("user%d@example.org", i%crowd)
				owners, err := store.EmailsByAddress(t.Context(), email)
				if err != nil || len(owners) != 1 {
					t.Errorf("%s belongs to %d users, %v", email, len(owners), err)
					return
				}
				if list, err := store.EmailsByUser(t.Context(), owners[0].UserID); err != nil || len(list) != 1 {
					t.Errorf("the user of %s has %d addresses, %v", email, len(list), err)
				}
			}
		})
		s.LogIn(clienttest.App, fmt.Sprintf("user%d@example.org", crowd-1))
		all.Wait()
		adopted.Store(true)
		reader.Wait()
		if n := one[int](t, db, `SELECT COUNT(*) FROM allauth_emails`); n != crowd+2 {
			t.Errorf("the library has %d addresses of %d users", n, crowd+2)
		}
		bobs, err := store.EmailsByUser(t.Context(), bobsID)
		if err != nil || len(bobs) != 1 || bobs[0].Email != "new@example.org" {
			t.Errorf("Bob has %+v, %v", bobs, err)
		}
		if n, err := store.adoptAll(t.Context()); err != nil || n != 1 { // the mistyped one
			t.Errorf("adopted %d again, %v", n, err)
		}
	})
}

// A new account is a row of the application's table, and the column email follows
// the primary address.
func TestASignUpIsARowOfTheApplication(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) (*sql.DB, users)) {
		db, store := create(t)
		s := clienttest.StartOn(t, store)
		c := s.SignUp(clienttest.App, "eve@example.org")
		if n := one[int](t, db, `SELECT COUNT(*) FROM users WHERE email = 'eve@example.org' AND password_hash LIKE '$argon2id$%'`); n != 1 {
			t.Errorf("%d rows", n)
		}
		if n := one[int](t, db, `SELECT COUNT(*) FROM allauth_users`); n != 0 {
			t.Errorf("the library's own table of users has %d rows", n)
		}
		c.Post("account/email", clienttest.Body{"email": "new@example.org"}).Status(200)
		c.Post("auth/email/verify", clienttest.Body{"key": s.Mail("new@example.org").Key()}).Status(200)
		c.Patch("account/email", clienttest.Body{"email": "new@example.org", "primary": true}).Status(200)
		if n := one[int](t, db, `SELECT COUNT(*) FROM users WHERE email = 'new@example.org'`); n != 1 {
			t.Error("the application's column does not follow the primary address")
		}
	})
}

var errInjected = errors.New("the disk is full")

// failing fails at one of the steps of a sign-up.
type failing struct {
	users
	step string
}

func (f failing) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	if err := f.users.AddEmail(ctx, a, exclusive); err != nil || f.step != "AddEmail" {
		return err
	}
	return errInjected
}

func (f failing) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	if err := f.users.SwapPasswordHash(ctx, userID, old, new); err != nil || f.step != "SwapPasswordHash" {
		return err
	}
	return errInjected
}

func (f failing) EnqueueMessage(ctx context.Context, e notify.Entry) error {
	if err := f.users.EnqueueMessage(ctx, e); err != nil || f.step != "EnqueueMessage" {
		return err
	}
	return errInjected
}

// A sign-up writes both the application's row and the library's, or neither, and
// can be repeated.
func TestASignUpIsBothRowsOrNeither(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) (*sql.DB, users)) {
		for _, step := range []string{"AddEmail", "SwapPasswordHash", "EnqueueMessage"} {
			db, store := create(t)
			s := clienttest.StartOn(t, failing{store, step})
			body := clienttest.Body{"email": "eve@example.org", "password": clienttest.Password}
			s.Client(clienttest.App).Post("auth/signup", body).Status(503)
			for query, want := range map[string]int{
				`SELECT COUNT(*) FROM users`:              2,
				`SELECT COUNT(*) FROM allauth_emails`:     0,
				`SELECT COUNT(*) FROM allauth_challenges`: 0,
				`SELECT COUNT(*) FROM allauth_outbox`:     0,
			} {
				if n := one[int](t, db, query); n != want {
					t.Errorf("%s failed: %s = %d, want %d", step, query, n, want)
				}
			}
			again := clienttest.StartOn(t, store)
			again.Client(clienttest.App).Post("auth/signup", body).Status(401).Pending("verify_email")
		}
	})
}
