// Package django tests storage/djangostore, and the move of a site with django-allauth.
package django

import (
	"bytes"
	"database/sql"
	"embed"
	"encoding/base64"
	"errors"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	_ "modernc.org/sqlite"             // the driver named "sqlite"

	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage/djangostore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// schemas are the tables that the migrations of the site create, by database and user
// model.
//
//go:embed testdata/*.sql
var schemas embed.FS

// secret is that of allauth.Config.
var secret = bytes.Repeat([]byte("s"), 32)

// site is a kind of Django site.
type site struct{ database, model string }

func (s site) name() string { return s.database + "-" + s.model }

// users is the table of users.
func (s site) users() string {
	if s.model == "uuid" {
		return "people_person"
	}
	return "auth_user"
}

// sites are all kinds.
func sites() (list []site) {
	for _, database := range []string{"sqlite", "postgres"} {
		for _, model := range []string{"integer", "uuid"} {
			list = append(list, site{database, model})
		}
	}
	return list
}

// source creates an empty database, and returns what opens it: "" if there is no server.
// file is the path of an SQLite file.
func (s site) source(t testing.TB) (driver, source, file string, dialect sqlstore.Dialect) {
	t.Helper()
	if s.database == "postgres" {
		return "pgx", testserver.Postgres(t), "", sqlstore.Postgres
	}
	file = filepath.Join(t.TempDir(), "site.db")
	return "sqlite", sqlstore.SQLiteDSN(file), file, sqlstore.SQLite
}

// config describes the site of the folder site.
func (s site) config() djangostore.Config {
	cfg := djangostore.Config{Secrets: [][]byte{secret}, Decrypt: decrypt, Encrypt: encrypt}
	if s.model == "uuid" {
		cfg.Users = djangostore.UserModel{Table: s.users(), Key: djangostore.UUID}
	}
	return cfg
}

// encrypt and decrypt are those of site/adapter.py.
func encrypt(text string) (string, error) {
	return "x:" + base64.StdEncoding.EncodeToString(masked([]byte(text))), nil
}

func decrypt(text string) (string, error) {
	raw, ok := bytes.CutPrefix([]byte(text), []byte("x:"))
	if !ok {
		return "", errors.New("the text was not encrypted by the site")
	}
	plain, err := base64.StdEncoding.DecodeString(string(raw))
	return string(masked(plain)), err
}

func masked(text []byte) []byte {
	for i := range text {
		text[i] ^= 0x5a
	}
	return text
}

// open opens a site's database with the tables of its migrations. It skips the test if
// there is no server.
func (s site) open(t testing.TB) (*sql.DB, *djangostore.Store) {
	t.Helper()
	driver, source, _, dialect := s.source(t)
	if source == "" {
		t.Skip("there is no server")
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { _ = db.Close() })
	schema, err := schemas.ReadFile("testdata/" + s.name() + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(schema)); err != nil {
		t.Fatal(err)
	}
	return db, s.connect(t, db, dialect)
}

func (s site) connect(t testing.TB, db *sql.DB, dialect sqlstore.Dialect) *djangostore.Store {
	t.Helper()
	store, err := djangostore.New(db, dialect, s.config())
	if err == nil {
		err = store.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return store
}
