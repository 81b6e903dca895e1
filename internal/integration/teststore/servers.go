package teststore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// server makes databases, and keeps those that no test uses at the moment:
// emptying tables is faster than creating them.
type server struct {
	driver  string
	dialect sqlstore.Dialect
	create  func(t testing.TB) (source string)
	// tables selects the names of the tables that tests write to.
	tables string

	mu   sync.Mutex
	free []*database
}

var servers = map[string]*server{
	"postgres": {
		driver: "pgx", dialect: sqlstore.Postgres, create: testserver.LastingPostgres,
		tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name <> 'allauth_migrations'",
	},
	"mariadb": {
		driver: "mysql", dialect: sqlstore.MySQL, create: testserver.LastingMySQL,
		tables: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 'allauth_migrations'",
	},
}

// open returns a database with empty tables, for use until the test ends.
func (s *server) open(t testing.TB) *database {
	t.Helper()
	d := s.take()
	if d == nil {
		d = &database{driver: s.driver, source: s.create(t), dialect: s.dialect}
		d.connect(t)
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
	return d
}

// take returns a database that no test uses, nil if there is none.
func (s *server) take() *database {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free) - 1
	if last < 0 {
		return nil
	}
	d := s.free[last]
	s.free = s.free[:last]
	return d
}

// empty deletes all rows that a test left.
func (s *server) empty(db *sql.DB) (err error) {
	ctx := context.Background() // the test has ended
	rows, err := db.QueryContext(ctx, s.tables)
	if err != nil {
		return err
	}
	var tables []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return errors.Join(err, rows.Close())
		}
		tables = append(tables, table)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, table := range tables {
		if _, err := db.ExecContext(ctx, "DELETE FROM "+table); err != nil { //nolint:gosec // the database names its tables
			return err
		}
	}
	return nil
}
