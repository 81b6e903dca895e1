package teststore

import (
	"database/sql"
	"sync"
	"testing"

	"github.com/allauth-go/allauth/internal/testserver"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// server makes databases, and keeps those that no test uses at the moment:
// emptying tables is faster than creating them.
type server struct {
	dialect sqlstore.Dialect
	create  func(t testing.TB) *sql.DB
	// tables selects the names of the tables that tests write to.
	tables string

	mu   sync.Mutex
	free []database
}

type database struct {
	store *sqlstore.Store
	db    *sql.DB
}

var servers = map[string]*server{
	"postgres": {
		dialect: sqlstore.Postgres, create: testserver.LastingPostgres,
		tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name <> 'allauth_migrations'",
	},
	"mariadb": {
		dialect: sqlstore.MySQL, create: testserver.LastingMySQL,
		tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 'allauth_migrations'",
	},
}

func (s *server) open(t testing.TB) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	d, ok := s.take()
	if !ok {
		d.db = s.create(t)
		d.db.SetMaxOpenConns(20)
		d.db.SetMaxIdleConns(4)
		d.store = sqlstore.New(d.db, s.dialect)
		if err := d.store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := s.empty(d.db); err != nil {
			t.Errorf("empty the database: %v", err)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, d)
	})
	return d.store, d.db
}

// take returns a database that no test uses, if there is one.
func (s *server) take() (database, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free) - 1
	if last < 0 {
		return database{}, false
	}
	d := s.free[last]
	s.free = s.free[:last]
	return d, true
}

// empty deletes all rows that a test left.
func (s *server) empty(db *sql.DB) error {
	rows, err := db.Query(s.tables)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // read to its end
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return err
		}
		tables = append(tables, table)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, table := range tables {
		if _, err := db.Exec("DELETE FROM " + table); err != nil { //nolint:gosec // the name comes from the database
			return err
		}
	}
	return nil
}
