package sqlstore_test

import (
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// TestMigrateFromSeveralServers starts eight servers at once on an empty
// database, each with a pool of its own, and then one more.
func TestMigrateFromSeveralServers(t *testing.T) {
	t.Parallel()
	file := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db"))
	for _, server := range []struct {
		driver, source string
		dialect        sqlstore.Dialect
		options        []sqlstore.Option
	}{
		{"sqlite", file, sqlstore.SQLite, nil},
		{"pgx", testserver.Postgres(t), sqlstore.Postgres, []sqlstore.Option{sqlstore.Schema("auth")}},
		{"mysql", testserver.MySQL(t), sqlstore.MySQL, nil},
	} {
		if server.source == "" {
			continue
		}
		migrate := func() error {
			db, err := sql.Open(server.driver, server.source)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			return sqlstore.New(db, server.dialect, server.options...).Migrate(t.Context())
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if err := migrate(); err != nil {
					t.Errorf("%s: %v", server.driver, err)
				}
			})
		}
		group.Wait()
		if err := migrate(); err != nil {
			t.Errorf("%s, once more: %v", server.driver, err)
		}
	}
}

// TestSQLMakesTheTables runs what SQL prints by hand. Migrate has nothing to do
// then.
func TestSQLMakesTheTables(t *testing.T) {
	t.Parallel()
	file := sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db"))
	for _, server := range []struct {
		driver, source string
		dialect        sqlstore.Dialect
		options        []sqlstore.Option
	}{
		{"sqlite", file, sqlstore.SQLite, []sqlstore.Option{sqlstore.TablePrefix("mine_")}},
		{"pgx", testserver.Postgres(t), sqlstore.Postgres, []sqlstore.Option{sqlstore.Schema("auth"), sqlstore.TablePrefix("")}},
		{"mysql", testserver.MySQL(t), sqlstore.MySQL, []sqlstore.Option{sqlstore.TablePrefix("mine_")}},
	} {
		if server.source == "" {
			continue
		}
		db, err := sql.Open(server.driver, server.source)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		store := sqlstore.New(db, server.dialect, server.options...)
		script, err := store.SQL()
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(script, ";") {
			if statement = strings.TrimSpace(statement); statement == "" {
				continue
			}
			if _, err := db.Exec(statement); err != nil {
				t.Fatalf("%s: %v in\n%s", server.driver, err, statement)
			}
		}
		if err := store.Migrate(t.Context()); err != nil {
			t.Errorf("%s, where all has run: %v", server.driver, err)
		}
		if err := store.ClaimUsername(t.Context(), "1", "ann"); err != nil {
			t.Errorf("%s: %v", server.driver, err)
		}
		if id, err := store.UserIDByUsername(t.Context(), "ann"); id != "1" || err != nil {
			t.Errorf("%s: %q, %v", server.driver, id, err)
		}
	}
}

// TestMigrateNeedsFewRights migrates as a user who owns one schema and cannot
// create another one, and then starts as a user who cannot even create tables.
func TestMigrateNeedsFewRights(t *testing.T) {
	t.Parallel()
	source := testserver.Postgres(t)
	if source == "" {
		return
	}
	admin, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	suffix := strings.ToLower(rand.Text())
	owner, reader := "owner_"+suffix, "reader_"+suffix
	must := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := admin.Exec(statement); err != nil {
				t.Fatalf("%v in\n%s", err, statement)
			}
		}
	}
	must("CREATE ROLE "+owner, "CREATE ROLE "+reader, "CREATE SCHEMA auth AUTHORIZATION "+owner)
	defer must("DROP OWNED BY "+owner+", "+reader, "DROP ROLE "+owner, "DROP ROLE "+reader)
	start := func(role string) {
		t.Helper()
		config, err := pgx.ParseConfig(source)
		if err != nil {
			t.Fatal(err)
		}
		config.RuntimeParams["role"] = role
		db := stdlib.OpenDB(*config)
		defer func() { _ = db.Close() }()
		if err := sqlstore.New(db, sqlstore.Postgres, sqlstore.Schema("auth")).Migrate(t.Context()); err != nil {
			t.Errorf("as the %.5s: %v", role, err)
		}
	}
	start(owner)
	must("GRANT USAGE ON SCHEMA auth TO "+reader, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA auth TO "+reader)
	start(reader)
}

// TestNamesAreChecked refuses names that would have to be quoted.
func TestNamesAreChecked(t *testing.T) {
	t.Parallel()
	db, _ := openSQLite(t, ":memory:")
	for want, store := range map[string]*sqlstore.Store{
		"TablePrefix": sqlstore.New(db, sqlstore.SQLite, sqlstore.TablePrefix("a b")),
		"Schema":      sqlstore.New(db, sqlstore.Postgres, sqlstore.Schema("a;")),
		"no schemas":  sqlstore.New(db, sqlstore.SQLite, sqlstore.Schema("auth")),
		"migrations":  sqlstore.New(db, sqlstore.Dialect{}),
	} {
		if err := store.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error that speaks of %s, got %v", want, err)
		}
	}
}

// TestADatabaseThatWasNotMigrated is told by an error that says so.
func TestADatabaseThatWasNotMigrated(t *testing.T) {
	t.Parallel()
	db, _ := openSQLite(t, ":memory:")
	store := sqlstore.New(db, sqlstore.SQLite, sqlstore.TablePrefix("other_"))
	if _, err := store.UserByID(t.Context(), "1"); err == nil || !strings.Contains(err.Error(), "call Migrate") {
		t.Errorf("a query: %v", err)
	}
	if err := store.EnqueueMessage(t.Context(), notify.Entry{ID: "1"}); err == nil || !strings.Contains(err.Error(), "call Migrate") {
		t.Errorf("a change: %v", err)
	}
	if err := sqlstore.New(db, sqlstore.Postgres).Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "dialect postgres") {
		t.Errorf("the wrong dialect: %v", err)
	}
}

// TestMigrateAfterACutOffMigration migrates where an index was made and the server
// stopped before it could note so, which happens in MySQL only.
func TestMigrateAfterACutOffMigration(t *testing.T) {
	t.Parallel()
	db, dialect := openServer(t, "mysql")
	if db == nil {
		return
	}
	store := sqlstore.New(db, dialect)
	for range 2 {
		if err := store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`DELETE FROM allauth_migrations WHERE version = 7`); err != nil {
			t.Fatal(err)
		}
	}
}
