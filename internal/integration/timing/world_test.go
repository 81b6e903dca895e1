package timing_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/internal/integration/sqlrecord"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

type body = clienttest.Body

// databases are those that are compared on; the URL of a new one is empty where
// there is no server.
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

// database is one whose statements are recorded. Servers may use it one after the
// other: no two subjects in it are alike.
type database struct {
	store *sqlstore.Store
	last  int // subject
}

// open opens a new database, and skips the test where there is none of that kind.
func open(t testing.TB, kind int) *database {
	t.Helper()
	d := databases[kind]
	source := d.source(t)
	if source == "" {
		t.Skip("there is no server")
	}
	db := sqlrecord.Open(t, d.driver, source)
	db.SetMaxOpenConns(10)
	store := sqlstore.New(db, d.dialect)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &database{store: store}
}

// world is a server on a database.
type world struct {
	*clienttest.Server
	*database
	t        testing.TB
	requests *sqlrecord.Requests
}

// start starts a server.
func (d *database) start(t testing.TB, edit ...func(cfg *allauth.Config)) *world {
	t.Helper()
	w := &world{t: t, database: d, Server: clienttest.StartOn(t, d.store, edit...)}
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
func (d *database) free() subject {
	d.last++
	return subject{
		email:    fmt.Sprintf("user%07d@example.org", d.last),
		username: fmt.Sprintf("name%07d", d.last),
		phone:    fmt.Sprintf("+3120%07d", d.last),
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
// make them: many times as costly as cheapHash where times are measured.
var (
	bcryptHash = sync.OnceValue(func() string {
		hash, err := bcrypt.GenerateFromPassword([]byte(clienttest.Password), costly(8, bcrypt.MinCost))
		if err != nil {
			panic(err)
		}
		return string(hash)
	})
	djangoHash = sync.OnceValue(func() string {
		iterations := costly(30_000, 1000)
		key, err := pbkdf2.Key(sha256.New, clienttest.Password, []byte("saltsalt"), iterations, sha256.Size)
		if err != nil {
			panic(err)
		}
		return fmt.Sprintf("pbkdf2_sha256$%d$saltsalt$%s", iterations, base64.StdEncoding.EncodeToString(key))
	})
)

// costly is the cost of a hash: the first where times are measured.
func costly(measured, counted int) int {
	if os.Getenv("ALLAUTH_TIMING") != "" {
		return measured
	}
	return counted
}

// account makes an account, verified and with a password unless edit says
// otherwise.
func (w *world) account(edit ...func(in *clienttest.NewAccount)) subject {
	w.t.Helper()
	s := w.free()
	in := clienttest.NewAccount{
		NewUser:       authn.NewUser{Email: s.email, Username: s.username, Phone: s.phone},
		EmailVerified: true, PhoneVerified: true, PasswordHash: cheapHash,
	}
	for _, change := range edit {
		change(&in)
	}
	user, err := clienttest.Create(w.t.Context(), w.Auth, in)
	if err != nil {
		w.t.Fatal(err)
	}
	s.userID = user.ID
	return s
}
