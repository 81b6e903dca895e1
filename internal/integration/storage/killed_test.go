package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// errKilled is the error of a statement of a killed server.
var errKilled = errors.New("the server was killed")

// power lets a number of statements through and then none, not even a commit, as
// if the server was killed between two statements.
type power struct {
	mu   sync.Mutex
	left int // negative: any number
}

// spend reports whether a statement gets through.
func (p *power) spend() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 {
		return errKilled
	}
	p.left--
	return nil
}

// set lets n more statements through, and returns how many were left.
func (p *power) set(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.left
	p.left = n
	return left
}

// A server is killed between any two statements of a sign-up, of its login, or of
// the mail. Another one continues with the same database: no account is stored in
// part, and the user can sign up again, verify the address and log in.
func TestASignUpSurvivesAKilledServer(t *testing.T) {
	t.Parallel()
	path := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db"))
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	healthy := sqlstore.New(db, sqlstore.SQLite)
	if err := healthy.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, whole := 0, false; !whole; n++ {
		email := fmt.Sprintf("user%d@example.org", n)
		whole = signUpWithPower(t, path, email, n)
		survivor := clienttest.StartOn(t, healthy)
		wholeAccounts(t, db, n)
		signUpAgain(t, survivor, email)
		wholeAccounts(t, db, n)
		closeServer(t, survivor)
		if n > 500 {
			t.Fatal("a sign-up takes more than 500 statements")
		}
	}
}

// signUpWithPower lets n statements of a sign-up through and reports whether the
// sign-up needed no more.
func signUpWithPower(t *testing.T, path, email string, n int) bool {
	t.Helper()
	power := &power{left: -1}
	db := teststore.Cable(t, "sqlite", path, func(context.Context, string, bool) error { return power.spend() })
	s := clienttest.StartOn(t, sqlstore.New(db, sqlstore.SQLite))
	s.PostIsDown(errKilled)             // the other server delivers the mail
	t.Cleanup(func() { power.set(-1) }) // so that it can be closed
	client := s.Client(clienttest.App)
	client.Get("config").Status(200)
	power.set(n)
	answer := client.Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password})
	done := power.set(0) > 0 && answer.StatusCode == 401
	if answer.StatusCode != 401 && answer.StatusCode != 503 {
		t.Fatalf("killed after %d statements: status %d: %s", n, answer.StatusCode, answer.Text)
	}
	return done
}

// wholeAccounts fails the test if a user lacks the address or the password, or
// either lacks a user.
func wholeAccounts(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	var half int
	err := db.QueryRow(`SELECT COUNT(*) FROM allauth_users u
		FULL JOIN allauth_emails e ON e.user_id = CAST(u.id AS TEXT) FULL JOIN allauth_passwords p ON p.user_id = CAST(u.id AS TEXT)
		WHERE u.id IS NULL OR e.user_id IS NULL OR p.user_id IS NULL`).Scan(&half)
	if err != nil || half != 0 {
		t.Fatalf("killed after %d statements: %d half-written accounts, %v", n, half, err)
	}
}

// signUpAgain does what a user does who got no response.
func signUpAgain(t *testing.T, s *clienttest.Server, email string) {
	t.Helper()
	s.Clock.Advance(time.Hour) // what the killed server had begun to deliver is due again
	c := s.Client(clienttest.App)
	c.Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password}).Status(401).Pending("verify_email")
	login := s.Client(clienttest.App)
	login.Post("auth/login", clienttest.Body{"email": email, "password": clienttest.Password}).Status(401).Pending("verify_email")
	mail := s.Mail(email)
	for !strings.HasPrefix(mail.Kind, "account/email_confirmation") {
		mail = s.Mail(email)
	}
	c.Post("auth/email/verify", clienttest.Body{"key": mail.Key()})
	s.LogIn(clienttest.App, email)
}

func closeServer(t *testing.T, s *clienttest.Server) {
	t.Helper()
	if err := s.Auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
