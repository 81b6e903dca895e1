package teststore

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// template returns the content of a database file with all tables, which is
// made once per process.
var template = sync.OnceValues(func() (content []byte, err error) {
	folder, err := os.MkdirTemp("", "allauth")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "template.db")
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	if err != nil {
		return nil, err
	}
	err = sqlstore.New(db, sqlstore.SQLite).Migrate(context.Background())
	if err := errors.Join(err, db.Close()); err != nil { // closing moves the log into the file
		return nil, err
	}
	return os.ReadFile(path)
})

func openSQLite(t testing.TB) *database {
	t.Helper()
	content, err := template()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	// No test needs what was written to outlive the machine.
	source := sqlstore.SQLiteDSN(path) + "&_pragma=synchronous(OFF)"
	d := &database{driver: "sqlite", source: source, dialect: sqlstore.SQLite}
	d.connect(t)
	t.Cleanup(func() {
		if err := d.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
