package timing_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/contract"
	"github.com/allauth-go/allauth/internal/sqlrecord"
	"github.com/allauth-go/allauth/internal/testserver"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

type body = clienttest.Body

// databases open a new database; the URL is empty where there is no server.
var databases = []struct {
	name, driver string
	dialect      sqlstore.Dialect
	source       func(t testing.TB) string
}{
	{"sqlite", "sqlite", sqlstore.SQLite, func(t testing.TB) string {
		return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db"))
	}},
	{"postgres", "pgx", sqlstore.Postgres, testserver.Postgres},
	{"mariadb", "mysql", sqlstore.MySQL, testserver.MySQL},
}

// world is a server whose statements are recorded.
type world struct {
	*clienttest.Server
	t        testing.TB
	store    *sqlstore.Store
	db       *sql.DB
	requests *sqlrecord.Requests
	last     int // subject
}

// newWorld starts a server on a new database. It is nil where there is no
// database of that kind.
func newWorld(t testing.TB, database int, edit ...func(cfg *allauth.Config)) *world {
	t.Helper()
	d := databases[database]
	source := d.source(t)
	if source == "" {
		return nil
	}
	w := &world{t: t, db: sqlrecord.Open(t, d.driver, source)}
	w.db.SetMaxOpenConns(10)
	w.store = sqlstore.New(w.db, d.dialect)
	if err := w.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	limits := func(cfg *allauth.Config) { cfg.DisableRateLimits = false }
	w.Server = clienttest.StartOn(t, w.store, append([]func(cfg *allauth.Config){limits}, edit...)...)
	w.requests = sqlrecord.Handler(w.Auth)
	w.Handler = w.requests
	return w
}

// subject is what a request is about.
type subject struct {
	email, username, phone string
	// userID is empty where there is no account.
	userID string
	// corrected is what the client corrects its address or number to.
	corrected *subject
}

// correctedTo is the subject with what it is corrected to.
func (s subject) correctedTo(other subject) subject {
	s.corrected = &other
	return s
}

// free returns what no account has.
func (w *world) free() subject {
	w.last++
	return subject{
		email:    fmt.Sprintf("user%07d@example.org", w.last),
		username: fmt.Sprintf("name%07d", w.last),
		phone:    fmt.Sprintf("+3120%07d", w.last),
	}
}

// cheapHash is a hash of clienttest.Password as the server makes them.
var cheapHash = func() string {
	hasher, err := password.NewHasher(clienttest.Cheap())
	if err != nil {
		panic(err)
	}
	hash, err := hasher.Hash(context.Background(), clienttest.Password)
	if err != nil {
		panic(err)
	}
	return hash
}()

// bcryptHash and djangoHash are hashes of clienttest.Password as other systems
// make them: many times as costly as cheapHash.
var (
	bcryptHash = sync.OnceValue(func() string {
		hash, err := bcrypt.GenerateFromPassword([]byte(clienttest.Password), 8)
		if err != nil {
			panic(err)
		}
		return string(hash)
	})
	djangoHash = sync.OnceValue(func() string {
		const iterations = 30_000
		key, err := pbkdf2.Key(sha256.New, clienttest.Password, []byte("saltsalt"), iterations, sha256.Size)
		if err != nil {
			panic(err)
		}
		return fmt.Sprintf("pbkdf2_sha256$%d$saltsalt$%s", iterations, base64.StdEncoding.EncodeToString(key))
	})
)

// account makes an account, verified and with a password unless edit says
// otherwise.
func (w *world) account(edit ...func(in *account.NewAccount)) subject {
	w.t.Helper()
	s := w.free()
	in := account.NewAccount{
		NewUser:       authn.NewUser{Email: s.email, Username: s.username, Phone: s.phone},
		EmailVerified: true, PhoneVerified: true, PasswordHash: cheapHash,
	}
	for _, change := range edit {
		change(&in)
	}
	user, err := w.Auth.CreateUser(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	s.userID = user.ID
	return s
}
