package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/sqlstore"
	"github.com/allauth-go/allauth/storage/storetest"
)

// newDatabase creates a database, and returns its data source name: "" if there
// is no server.
func newDatabase(t testing.TB, driver string) (source string, dialect sqlstore.Dialect) {
	t.Helper()
	switch driver {
	case "pgx":
		return testserver.Postgres(t), sqlstore.Postgres
	case "mysql":
		return testserver.MySQL(t), sqlstore.MySQL
	default:
		return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db")), sqlstore.SQLite
	}
}

// openServer opens a new database on a server. db is nil if there is no server.
func openServer(t testing.TB, driver string) (db *sql.DB, dialect sqlstore.Dialect) {
	t.Helper()
	source, dialect := newDatabase(t, driver)
	if source == "" {
		return nil, dialect
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { _ = db.Close() })
	return db, dialect
}

// tables are those that a check could leave rows in that another one sees.
var tables = []string{"users", "usernames", "passwords", "emails", "phones", "challenges", "sessions", "outbox", "social_accounts", "refresh_tokens", "authenticators", "rate_limits", "deletions", "user_locks", "audit_events"}

// runOn runs the kit on one database, which is emptied between checks.
func runOn(t *testing.T, store *sqlstore.Store, db *sql.DB, prefix string) {
	t.Helper()
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) storage.Store {
		for _, table := range tables {
			if _, err := db.Exec("DELETE FROM " + prefix + table); err != nil {
				t.Fatal(err)
			}
		}
		return store
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	runAndExplain(t, "pgx", testserver.Users(20_000))
}

// TestPostgresPool opens the database through pgx's own pool, puts the tables
// in a schema, and makes every transaction of the host serializable.
func TestPostgresPool(t *testing.T) {
	t.Parallel()
	source := testserver.Postgres(t)
	if source == "" {
		return
	}
	config, err := pgxpool.ParseConfig(source)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["default_transaction_isolation"] = "serializable"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { _ = db.Close() })
	runOn(t, sqlstore.New(db, sqlstore.Postgres, sqlstore.Schema("auth"), sqlstore.TablePrefix("a_")), db, "auth.a_")
}

func TestMySQL(t *testing.T) {
	t.Parallel()
	runAndExplain(t, "mysql", testserver.Users(20_000))
}

// TestMySQLCountingFoundRows makes the driver count rows that were not changed,
// as some hosts do.
func TestMySQLCountingFoundRows(t *testing.T) {
	t.Parallel()
	source := testserver.MySQL(t)
	if source == "" {
		return
	}
	db, err := sql.Open("mysql", source+"?clientFoundRows=true")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	runOn(t, sqlstore.New(db, sqlstore.MySQL, sqlstore.TablePrefix("other_")), db, "other_")
}
