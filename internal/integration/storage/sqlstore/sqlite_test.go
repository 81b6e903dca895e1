package sqlstore_test

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// openSQLite opens a database of its own, in a file or ":memory:".
func openSQLite(t testing.TB, path string, options ...sqlstore.Option) (*sql.DB, *sqlstore.Store) {
	t.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if path == ":memory:" {
		db.SetMaxOpenConns(1)
	}
	store := sqlstore.New(db, sqlstore.SQLite, options...)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db, store
}

func TestSQLiteFile(t *testing.T) {
	t.Parallel()
	runAndExplain(t, "sqlite", 2000)
}

func TestSQLiteMemory(t *testing.T) {
	t.Parallel()
	db, store := openSQLite(t, ":memory:", sqlstore.TablePrefix("other_"))
	runOn(t, store, db, "other_")
}
