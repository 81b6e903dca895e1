package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

//go:embed migrations
var migrations embed.FS

// migration is one numbered file of statements.
type migration struct {
	version    int
	statements []string
}

// Migrate brings the tables up to date. Servers that start at the same time
// wait for each other.
func (s *Store) Migrate(ctx context.Context) error {
	list, err := s.migrations()
	if err != nil {
		return err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("sqlstore: migrate: %w", err)
	}
	defer func() { _ = conn.Close() }() // gives the connection back to the pool
	if s.dialect.lock != "" {
		if _, err := conn.ExecContext(ctx, s.dialect.lock); err != nil {
			return fmt.Errorf("sqlstore: lock migrations: %w", err)
		}
		defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), s.dialect.unlock) }()
	}
	for _, m := range list {
		if err := s.apply(ctx, conn, m); err != nil {
			return fmt.Errorf("sqlstore: migration %d: %w", m.version, err)
		}
	}
	return nil
}

// apply runs one migration unless it ran before. SQLite's transaction holds the
// write lock from its beginning, the others hold the lock of Migrate.
func (s *Store) apply(ctx context.Context, conn *sql.Conn, m migration) (err error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	if _, err := tx.ExecContext(ctx, s.query("CREATE TABLE IF NOT EXISTS {migrations} (version INTEGER PRIMARY KEY)")); err != nil {
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
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, s.query("INSERT INTO {migrations} (version) VALUES (?)"), m.version); err != nil {
		return err
	}
	return tx.Commit()
}

// SQL returns the statements that Migrate runs on an empty database, for teams
// that run migrations with tools of their own.
func (s *Store) SQL() (string, error) {
	list, err := s.migrations()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, m := range list {
		fmt.Fprintf(&b, "-- migration %d\n", m.version)
		for _, statement := range m.statements {
			b.WriteString(statement + ";\n")
		}
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
				m.statements = append(m.statements, strings.NewReplacer("{", s.prefix, "}", "", "<", s.indexPrefix(), ">", "").Replace(statement))
			}
		}
		list = append(list, m)
	}
	return list, nil
}

// indexPrefix is the table prefix without a schema: an index lives where its
// table does.
func (s *Store) indexPrefix() string {
	if i := strings.LastIndexByte(s.prefix, '.'); i >= 0 {
		return s.prefix[i+1:]
	}
	return s.prefix
}
