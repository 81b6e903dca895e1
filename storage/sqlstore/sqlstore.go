package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage"
)

// Store is a storage.Store in an SQL database. It is safe for concurrent use,
// also by several processes on one database.
type Store struct {
	db      *sql.DB
	dialect Dialect
	prefix  string
	random  io.Reader

	queries  sync.Map // query as written here -> as the database takes it
	prepared sync.Map // query as the database takes it -> *sql.Stmt
}

var _ storage.Store = (*Store)(nil)

// Option changes how a Store works.
type Option func(*Store)

// TablePrefix names the tables. The default is "allauth_"; with a schema in
// front, as in "auth.allauth_", they live in that schema.
func TablePrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// New returns a Store over db. Migrate makes its tables.
func New(db *sql.DB, dialect Dialect, options ...Option) *Store {
	s := &Store{db: db, dialect: dialect, prefix: "allauth_", random: rand.Reader}
	for _, option := range options {
		option(s)
	}
	return s
}

// Querier is what both a database and a transaction can do.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// transaction is what ctx carries inside InTx.
type transaction struct {
	db *sql.DB
	tx *sql.Tx
}

type transactionKey struct{}

func transactionOf(ctx context.Context, db *sql.DB) *sql.Tx {
	t, _ := ctx.Value(transactionKey{}).(transaction)
	if t.db != db {
		return nil
	}
	return t.tx
}

// Conn returns the transaction that ctx carries, if it is one of db, else db. A
// host's store that goes through it commits and rolls back with ours.
func Conn(ctx context.Context, db *sql.DB) Querier {
	if tx := transactionOf(ctx, db); tx != nil {
		return tx
	}
	return db
}

// InTx implements authn.Transactor.
func (s *Store) InTx(ctx context.Context, f func(ctx context.Context) error) (err error) {
	if transactionOf(ctx, s.db) != nil {
		return f(ctx)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sqlstore: begin: %w", err)
	}
	done := false
	defer func() {
		if !done {
			err = errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}()
	if err := f(context.WithValue(ctx, transactionKey{}, transaction{s.db, tx})); err != nil {
		return err
	}
	done = true
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("sqlstore: commit: %w", err)
	}
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// query turns a query as written here into one that the database takes: {name}
// becomes a table's name, ? the dialect's placeholder.
func (s *Store) query(text string) string {
	if known, ok := s.queries.Load(text); ok {
		return known.(string)
	}
	query := strings.NewReplacer("{", s.prefix, "}", "").Replace(text)
	query = s.dialect.placeholders(query)
	s.queries.Store(text, query)
	return query
}

// statement returns the query prepared, for the transaction that ctx carries.
func (s *Store) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	query := s.query(text)
	known, ok := s.prepared.Load(query)
	if !ok {
		fresh, err := s.prepare(ctx, query)
		if err != nil {
			return nil, err
		}
		if tx := transactionOf(ctx, s.db); tx != nil {
			return fresh, nil // belongs to the transaction
		}
		var raced bool
		if known, raced = s.prepared.LoadOrStore(query, fresh); raced {
			_ = fresh.Close() // another caller prepared it at the same time
		}
	}
	stmt := known.(*sql.Stmt)
	if tx := transactionOf(ctx, s.db); tx != nil {
		return tx.StmtContext(ctx, stmt), nil
	}
	return stmt, nil
}

// prepare prepares on the transaction's own connection where there is one: the
// pool may have no other to give.
func (s *Store) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if tx := transactionOf(ctx, s.db); tx != nil {
		return tx.PrepareContext(ctx, query)
	}
	return s.db.PrepareContext(ctx, query)
}

// exec runs a statement and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, what, text string, args ...any) (int64, error) {
	stmt, err := s.statement(ctx, text)
	if err != nil {
		return 0, fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	return n, nil
}

// execOne is exec for a statement that must change a row: none is the error
// otherwise.
func (s *Store) execOne(ctx context.Context, what string, otherwise error, text string, args ...any) error {
	n, err := s.exec(ctx, what, text, args...)
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}

// row reads one row into the targets, or returns authn.ErrNotFound.
func (s *Store) row(ctx context.Context, what, text string, args []any, targets ...any) error {
	stmt, err := s.statement(ctx, text)
	if err == nil {
		err = stmt.QueryRowContext(ctx, args...).Scan(targets...)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return authn.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	return nil
}

// rows reads every row of a query.
func rows[T any](ctx context.Context, s *Store, what, text string, args []any, scan func(scan func(...any) error) (T, error)) ([]T, error) {
	stmt, err := s.statement(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	result, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	defer func() { _ = result.Close() }() // its error is that of result.Err below
	var list []T
	for result.Next() {
		item, err := scan(result.Scan)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: %s: %w", what, err)
		}
		list = append(list, item)
	}
	if err := result.Err(); err != nil {
		return nil, fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	return list, nil
}

// Times are stored in microseconds since the epoch.

func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }
