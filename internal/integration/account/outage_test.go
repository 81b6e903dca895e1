package account_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

var errGateway = errors.New("the gateway is down")

// The gateway for text messages is down: the response is the same, the message is
// sent later, and the code expires as counted from the request.
func TestATextMessageSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withPhone)
	good := s.Client(clienttest.App).Post("auth/signup", body{"phone": "+31200000001", "password": password}).Status(401)
	s.Text("+31200000001")

	s.PostIsDown(errGateway)
	c := s.Client(clienttest.App)
	bad := c.Post("auth/signup", body{"phone": "+31200000002", "password": password}).Status(401)
	if withoutToken(bad) != withoutToken(good) {
		t.Errorf("the answer is %s in an outage, %s without", bad.Text, good.Text)
	}
	s.Log.Wait(t, "delivery failed")
	s.PostIsDown(nil)
	s.Clock.Advance(9 * time.Minute)
	// The next message makes the outbox try again.
	s.Client(clienttest.App).Post("auth/signup", body{"phone": "+31200000003", "password": password}).Status(401)
	late := s.Text("+31200000002").Code()
	c.Post("auth/phone/verify", body{"code": late}).Status(200)

	s.PostIsDown(errGateway)
	s.Client(clienttest.App).Post("auth/signup", body{"phone": "+31200000004", "password": password}).Status(401)
	s.Log.Wait(t, "delivery failed")
	s.PostIsDown(nil)
	s.Clock.Advance(11 * time.Minute)
	s.Client(clienttest.App).Post("auth/signup", body{"phone": "+31200000005", "password": password}).Status(401)
	s.Text("+31200000005")
	s.Log.Wait(t, "expired before it could be delivered")
}

// The database contains no readable code, key, password or session token.
func TestNoSecretLiesInTheDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // the folder is deleted
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	var secrets []string
	s := clienttest.StartOn(t, store, withCodes, func(cfg *allauth.Config) { cfg.Account.PasswordResetByCode = nil })
	user := s.SignUp(clienttest.App, "ann@example.org")
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": "ann@example.org"}).Status(401)
	code := s.Mail("ann@example.org").Code()
	secrets = append(secrets, code, strings.ReplaceAll(code, "-", ""), user.Token, c.Token, password)
	c.Post("auth/password/request", body{"email": "ann@example.org"}).Status(200)
	secrets = append(secrets, s.Mail("ann@example.org").Key())

	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	seen := false
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		seen = seen || bytes.Contains(data, []byte("ann@example.org"))
		for _, secret := range secrets {
			if secret == "" || bytes.Contains(bytes.ToLower(data), bytes.ToLower([]byte(secret))) {
				t.Errorf("a secret of %d characters lies in %s", len(secret), filepath.Base(file))
			}
		}
	}
	if !seen {
		t.Error("not even the address is there: this is not the database")
	}
}
