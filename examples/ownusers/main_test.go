package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/storetest"
)

// newDatabase opens a database of the existing application, in which Ann and Bob
// have accounts.
func newDatabase(t *testing.T) (*sql.DB, users) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	before, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.Exec(schema); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ann", "Bob"} {
		hash, err := bcrypt.GenerateFromPassword([]byte(clienttest.Password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := before.Exec(`INSERT INTO users VALUES (?, ?, ?, ?, ?)`,
			"uuid-of-"+name, name+"@Example.org", string(hash), name, time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	db, store, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, store
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storage.Store {
		_, store := newDatabase(t)
		return store
	})
}

// Ann logs in with her existing password, verifies her address, and sees the
// application's own page.
func TestAnOldAccountLogsIn(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		db, store := newDatabase(t)
		if err := store.adopt(t.Context()); err != nil {
			t.Errorf("a second start: %v", err)
		}
		s := clienttest.StartOn(t, store)
		s.Handler = routes(s.Auth)
		c := s.Client(kind)
		c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "not hers at all"}).Status(400)
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
		var hash, bobs, email string
		if err := db.QueryRow(`SELECT password_hash, email FROM users WHERE name = 'Ann'`).Scan(&hash, &email); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRow(`SELECT password_hash FROM users WHERE name = 'Bob'`).Scan(&bobs); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(hash, "$argon2id$") || !strings.HasPrefix(bobs, "$2a$") {
			t.Errorf("hashes are upgraded at login, and not before: %.10s, %.10s", hash, bobs)
		}
		if !strings.EqualFold(email, "ann@example.org") {
			t.Errorf("the application's column holds %q", email)
		}
	})
}

// A new account is a row of the application's table, and the column email follows
// the primary address.
func TestASignUpIsARowOfTheApplication(t *testing.T) {
	t.Parallel()
	db, store := newDatabase(t)
	s := clienttest.StartOn(t, store)
	c := s.SignUp(clienttest.App, "eve@example.org")
	count := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(`SELECT COUNT(*) FROM users WHERE email = 'eve@example.org' AND password_hash LIKE '$argon2id$%'`); n != 1 {
		t.Errorf("%d rows", n)
	}
	if n := count(`SELECT COUNT(*) FROM allauth_users`); n != 0 {
		t.Errorf("the library's own table of users has %d rows", n)
	}
	c.Post("account/email", clienttest.Body{"email": "new@example.org"}).Status(200)
	c.Post("auth/email/verify", clienttest.Body{"key": s.Mail("new@example.org").Key()}).Status(200)
	c.Patch("account/email", clienttest.Body{"email": "new@example.org", "primary": true}).Status(200)
	if n := count(`SELECT COUNT(*) FROM users WHERE email = 'new@example.org'`); n != 1 {
		t.Error("the application's column does not follow the primary address")
	}
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
	for _, step := range []string{"AddEmail", "SwapPasswordHash", "EnqueueMessage"} {
		db, store := newDatabase(t)
		s := clienttest.StartOn(t, failing{store, step})
		body := clienttest.Body{"email": "eve@example.org", "password": clienttest.Password}
		s.Client(clienttest.App).Post("auth/signup", body).Status(503)
		for query, want := range map[string]int{
			`SELECT COUNT(*) FROM users`:                   2,
			`SELECT COUNT(*) FROM allauth_emails`:          2,
			`SELECT COUNT(*) FROM allauth_challenges`:      0,
			`SELECT COUNT(*) FROM allauth_outbox`:          0,
			`SELECT COUNT(*) FROM users WHERE email <> ''`: 2,
		} {
			var n int
			if err := db.QueryRow(query).Scan(&n); err != nil || n != want {
				t.Errorf("%s failed: %s = %d, %v, want %d", step, query, n, err, want)
			}
		}
		again := clienttest.StartOn(t, store)
		again.Client(clienttest.App).Post("auth/signup", body).Status(401).Pending("verify_email")
	}
}
