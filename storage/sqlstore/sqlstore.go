package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"regexp"
	"sync"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage"
)

// Store is a storage.Store in an SQL database. It is safe for concurrent use,
// also by several processes with one database.
type Store struct {
	db      *sql.DB
	dialect Dialect
	schema  string
	prefix  string
	random  io.Reader
	// observer measures statements. Nil: off.
	observer authn.Observer

	queries  sync.Map // query in this package -> query for the database
	prepared sync.Map // query for the database -> *sql.Stmt
}

var _ storage.Store = (*Store)(nil)

// Option configures a Store.
type Option func(*Store)

// TablePrefix sets the prefix of the table names. The default is "allauth_".
func TablePrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// Schema puts the tables in a schema of PostgreSQL, which Migrate creates, or in
// a database of MySQL, which must exist. The default is that of the connection.
func Schema(name string) Option { return func(s *Store) { s.schema = name } }

// Observe measures each statement, and the begin and commit of each transaction. The
// names are those of what a statement does, without values.
func Observe(o authn.Observer) Option { return func(s *Store) { s.observer = o } }

// New returns a Store on db. Migrate creates its tables.
func New(db *sql.DB, dialect Dialect, options ...Option) *Store {
	s := &Store{db: db, dialect: dialect, prefix: "allauth_", random: rand.Reader}
	for _, option := range options {
		option(s)
	}
	return s
}

// Base implements storage.Store.
func (s *Store) Base() storage.Store { return s }

// query converts a query of this package to one for the database: {name} becomes
// the name of a table, ? the placeholder of the dialect.
func (s *Store) query(text string) string {
	if known, ok := s.queries.Load(text); ok {
		return known.(string)
	}
	query := s.dialect.placeholders(s.names(text))
	s.queries.Store(text, query)
	return query
}

// names replaces {table} and <index> by the names of tables and indexes. An index
// is in the schema of its table.
func (s *Store) names(text string) string {
	table := s.prefix
	if s.schema != "" {
		table = s.schema + "." + s.prefix
	}
	return namePattern.ReplaceAllStringFunc(text, func(name string) string {
		if name[0] == '{' {
			return table + name[1:len(name)-1]
		}
		return s.prefix + name[1:len(name)-1]
	})
}

// namePattern matches {table} and <index>, but not the operator <>.
var namePattern = regexp.MustCompile(`\{[a-z_]+\}|<[a-z_]+>`)

// statement returns the prepared query, for the transaction that ctx carries.
func (s *Store) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	query, t := s.query(text), current(ctx, s.db)
	known, ok := s.prepared.Load(query)
	switch {
	case ok && t != nil:
		return t.tx.StmtContext(ctx, known.(*sql.Stmt)), nil
	case ok:
		return known.(*sql.Stmt), nil
	case t != nil:
		return t.prepare(ctx, query)
	}
	return s.prepare(ctx, query)
}

// prepare prepares a query once. database/sql prepares it on each connection when
// it first runs there.
func (s *Store) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	fresh, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	known, raced := s.prepared.LoadOrStore(query, fresh)
	if raced {
		_ = fresh.Close() // a concurrent call has prepared it
	}
	return known.(*sql.Stmt), nil
}

// Times are stored in microseconds since the epoch.

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }
