// Package teststore opens the store that tests run on: SQLite, or the one that
// ALLAUTH_TEST_STORE names, which is sqlite, postgres, mariadb or memory.
// PostgreSQL and MariaDB are on the servers of package testserver.
package teststore

import (
	"database/sql"
	"os"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

func init() { clienttest.Open = Open }

// Open returns an empty store of the chosen kind, for use until the test ends.
func Open(t testing.TB) storage.Store {
	t.Helper()
	if chosen() == "memory" {
		return memstore.New()
	}
	store, _ := OpenSQL(t)
	return store
}

// OpenSQL is Open for tests that read the database, too. Where memory is
// chosen it opens SQLite.
func OpenSQL(t testing.TB) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	d := open(t)
	return d.store, d.db
}

// database is one with empty tables.
type database struct {
	driver, source string
	dialect        sqlstore.Dialect
	db             *sql.DB
	store          *sqlstore.Store
}

func open(t testing.TB) *database {
	t.Helper()
	switch kind := chosen(); kind {
	case "sqlite", "memory":
		return openSQLite(t)
	case "postgres", "mariadb":
		return servers[kind].open(t)
	default:
		t.Fatalf("ALLAUTH_TEST_STORE is %q; use sqlite, postgres, mariadb or memory", kind)
		return nil
	}
}

// connect opens the database with a pool that leaves connections to the tests
// that run at the same time.
func (d *database) connect(t testing.TB) {
	t.Helper()
	db, err := sql.Open(d.driver, d.source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(4)
	d.db, d.store = db, sqlstore.New(db, d.dialect)
}

func chosen() string {
	if kind := os.Getenv("ALLAUTH_TEST_STORE"); kind != "" {
		return kind
	}
	return "sqlite"
}
