package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

//go:embed migrations
var migrations embed.FS

// createMigrations creates the table of completed migrations.
const createMigrations = "CREATE TABLE IF NOT EXISTS {migrations} (version INTEGER PRIMARY KEY)"

// migration is a numbered file of statements.
type migration struct {
	version    int
	statements []string
}

// Migrate creates the tables, or upgrades them to those of this version. Servers
// that start at the same time wait for each other.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.checkNames(); err != nil {
		return err
	}
	list, err := s.migrations()
	if err != nil {
		return err
	}
	conn, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	defer func() { _ = conn.Close() }() // returns the connection to the pool
	unlock, err := s.lock(ctx, conn)
	if err != nil {
		return fmt.Errorf("sqlstore: lock migrations, as in a database of the dialect %s: %w", s.dialect.name, err)
	}
	defer unlock()
	if s.migrated(ctx, conn, list) {
		return nil
	}
	if create := s.createSchema(); create != "" && !hasSchema(ctx, conn, s.schema) {
		if _, err := conn.ExecContext(ctx, create); err != nil {
			return fmt.Errorf("sqlstore: create schema: %w", err)
		}
	}
	for _, m := range list {
		if err := s.apply(ctx, conn, m); err != nil {
			return fmt.Errorf("sqlstore: migration %d: %w", m.version, err)
		}
	}
	return nil
}

// connect opens a connection. If several servers create one SQLite file at the
// same time, only one of them can turn on write-ahead logging, and the others
// fail instead of waiting, so they try again.
func (s *Store) connect(ctx context.Context) (*sql.Conn, error) {
	for try := 1; ; try++ {
		conn, err := s.db.Conn(ctx)
		if try == 10*maxTries || !isBusy(err) {
			return conn, err
		}
		if err := pause(ctx, min(try, maxTries)); err != nil {
			return nil, err
		}
	}
}

// migrated reports whether all migrations have run. The query needs no privilege
// to create anything, whereas CREATE TABLE IF NOT EXISTS does even if the table
// exists.
func (s *Store) migrated(ctx context.Context, conn *sql.Conn, list []migration) bool {
	var ran int
	err := conn.QueryRowContext(ctx, s.query("SELECT COUNT(*) FROM {migrations} WHERE version <= ?"), list[len(list)-1].version).Scan(&ran)
	return err == nil && ran == len(list)
}

// hasSchema reports whether the schema of PostgreSQL exists. As with tables,
// CREATE SCHEMA IF NOT EXISTS needs a privilege even if it does.
func hasSchema(ctx context.Context, conn *sql.Conn, name string) bool {
	var there bool
	err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", name).Scan(&there)
	return err == nil && there
}

func (s *Store) createSchema() string {
	if s.schema == "" || s.dialect.name != Postgres.name {
		return ""
	}
	return "CREATE SCHEMA IF NOT EXISTS " + s.schema
}

// lock waits until no other server migrates, and locks the migrations.
func (s *Store) lock(ctx context.Context, conn *sql.Conn) (unlock func(), err error) {
	if s.dialect.lock == "" {
		return func() {}, nil
	}
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, s.dialect.lock).Scan(&got); err != nil {
		return nil, err
	}
	if got.Int64 != 1 {
		return nil, errors.New("another server has been migrating for minutes")
	}
	// If it fails the connection is closed, which releases the lock.
	return func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), s.dialect.unlock) }, nil
}

// nameRule is the pattern of schema and prefix, which are not quoted.
var nameRule = regexp.MustCompile(`^[a-z0-9_]*$`)

func (s *Store) checkNames() error {
	if !nameRule.MatchString(s.schema) || !nameRule.MatchString(s.prefix) {
		return fmt.Errorf("sqlstore: Schema %q or TablePrefix %q has more than lower-case letters, digits and underscores; use a plain name", s.schema, s.prefix)
	}
	if s.schema != "" && s.dialect.name == SQLite.name {
		return fmt.Errorf("sqlstore: Schema is %q, but SQLite has no schemas; use TablePrefix", s.schema)
	}
	return nil
}

// apply runs one migration unless it has run before. SQLite's transaction holds
// the write lock from its beginning; for the others Migrate holds a lock.
func (s *Store) apply(ctx context.Context, conn *sql.Conn, m migration) (err error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	if _, err := tx.ExecContext(ctx, s.names(createMigrations)); err != nil {
		return err
	}
	var ran int
	if err := tx.QueryRowContext(ctx, s.query("SELECT COUNT(*) FROM {migrations} WHERE version = ?"), m.version).Scan(&ran); err != nil {
		return err
	}
	if ran > 0 {
		return nil
	}
	for _, statement := range m.statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil && !isExistingIndex(err) {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, s.query("INSERT INTO {migrations} (version) VALUES (?)"), m.version); err != nil {
		return err
	}
	return tx.Commit()
}

// SQL returns the statements that Migrate runs on an empty database, for teams
// that run migrations with their own tools. Migrate detects what they have run.
func (s *Store) SQL() (string, error) {
	if err := s.checkNames(); err != nil {
		return "", err
	}
	list, err := s.migrations()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if create := s.createSchema(); create != "" {
		b.WriteString(create + ";\n")
	}
	b.WriteString(s.names(createMigrations) + ";\n")
	for _, m := range list {
		fmt.Fprintf(&b, "-- migration %d\n", m.version)
		for _, statement := range m.statements {
			b.WriteString(statement + ";\n")
		}
		fmt.Fprintf(&b, s.names("INSERT INTO {migrations} (version) VALUES (%d);\n"), m.version)
	}
	return b.String(), nil
}

func (s *Store) migrations() ([]migration, error) {
	folder := path.Join("migrations", s.dialect.name)
	entries, err := fs.ReadDir(migrations, folder)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: no migrations for %q", s.dialect.name)
	}
	var list []migration
	for _, entry := range entries {
		text, err := fs.ReadFile(migrations, path.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(entry.Name(), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: migration %q does not begin with its number", entry.Name())
		}
		m := migration{version: version}
		for statement := range strings.SplitSeq(string(text), ";") {
			if statement = strings.TrimSpace(statement); statement != "" {
				m.statements = append(m.statements, s.names(statement))
			}
		}
		list = append(list, m)
	}
	return list, nil
}
