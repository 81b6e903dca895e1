package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/allauth-go/allauth/authn"
)

// errText means that the database cannot store a text.
var errText = errors.New("the text holds a zero byte or is not UTF-8")

// observe tells the observer that an operation begins, and returns a function to call
// with its error.
func (s *Store) observe(ctx context.Context, what string) (context.Context, func(err error)) {
	if s.observer == nil {
		return ctx, func(error) {}
	}
	ctx, end := s.observer.Begin(ctx, authn.Operation{Kind: authn.OperationStatement, Name: what})
	return ctx, func(err error) {
		switch {
		case err == nil || errors.Is(err, sql.ErrNoRows) || isDuplicate(err):
			end("")
		case errors.Is(err, context.Canceled):
			end("cancelled")
		default:
			end("error")
		}
	}
}

// retried runs one statement. Outside of a transaction it is retried if it
// collides with another one. Inside a transaction it is not: MySQL has rolled the
// transaction back, and would store what follows outside of it.
func (s *Store) retried(ctx context.Context, what string, f func(ctx context.Context) error) (err error) {
	if s.observer != nil {
		var end func(error)
		ctx, end = s.observe(ctx, what)
		defer func() { end(err) }()
	}
	t := current(ctx, s.db)
	if t != nil && t.undone != nil {
		return t.undone
	}
	for try := 1; ; try++ {
		err := f(ctx)
		if err == nil || !isTransient(err) {
			return err
		}
		if t != nil {
			t.undone = err
			return err
		}
		if try == maxTries {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// exec runs a statement and returns how many rows it changed.
func (s *Store) exec(ctx context.Context, what, text string, args ...any) (int64, error) {
	change, _, _ := strings.Cut(text, " WHERE ")
	values := strings.Count(change, "?")
	if !s.dialect.storable(args[:values]) {
		return 0, fmt.Errorf("sqlstore: %s: %w", what, errText)
	}
	if !s.dialect.storable(args[values:]) {
		return 0, nil // no row has such a value
	}
	var n int64
	err := s.retried(ctx, what, func(ctx context.Context) error {
		stmt, err := s.statement(ctx, text)
		if err != nil {
			return err
		}
		result, err := stmt.ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	if err != nil {
		return 0, failed(what, err)
	}
	return n, nil
}

// execOne is exec for a statement that must change a row; if none is changed, it
// returns otherwise. An UPDATE must change values of its row, see updateOne.
func (s *Store) execOne(ctx context.Context, what string, otherwise error, text string, args ...any) error {
	n, err := s.exec(ctx, what, text, args...)
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}

// insert inserts a row; into is a table, its columns and the values. It returns
// authn.ErrConflict if a unique value is taken.
func (s *Store) insert(ctx context.Context, what, into string, args ...any) error {
	err := s.execOne(ctx, what, authn.ErrConflict, `INSERT INTO `+into+s.dialect.ignoreConflict, args...)
	if isDuplicate(err) {
		return authn.ErrConflict
	}
	return err
}

// updateOne updates the row with the key, or returns authn.ErrNotFound. MySQL
// does not count a row whose values do not change, so the row is then looked up.
func (s *Store) updateOne(ctx context.Context, what, table, set string, values []any, where string, key []any) error {
	n, err := s.exec(ctx, what, `UPDATE `+table+` SET `+set+` WHERE `+where, append(values, key...)...)
	if err != nil || n > 0 {
		return err
	}
	var there int
	return s.row(ctx, what, `SELECT 1 FROM `+table+` WHERE `+where, key, &there)
}

// row scans one row into the targets, or returns authn.ErrNotFound.
func (s *Store) row(ctx context.Context, what, text string, args []any, targets ...any) error {
	if !s.dialect.storable(args) {
		return authn.ErrNotFound
	}
	err := s.retried(ctx, what, func(ctx context.Context) error {
		stmt, err := s.statement(ctx, text)
		if err != nil {
			return err
		}
		return stmt.QueryRowContext(ctx, args...).Scan(targets...)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return authn.ErrNotFound
	}
	if err != nil {
		return failed(what, err)
	}
	return nil
}

// rows returns all rows of a query.
func rows[T any](ctx context.Context, s *Store, what, text string, args []any, scan func(scan func(...any) error) (T, error)) ([]T, error) {
	if !s.dialect.storable(args) {
		return nil, nil
	}
	var list []T
	err := s.retried(ctx, what, func(ctx context.Context) error {
		list = nil
		stmt, err := s.statement(ctx, text)
		if err != nil {
			return err
		}
		result, err := stmt.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		defer func() { _ = result.Close() }() // result.Err below returns its error
		for result.Next() {
			item, err := scan(result.Scan)
			if err != nil {
				return err
			}
			list = append(list, item)
		}
		return result.Err()
	})
	if err != nil {
		return nil, failed(what, err)
	}
	return list, nil
}
