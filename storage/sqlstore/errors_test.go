package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/allauth-go/allauth/authn"
	_ "modernc.org/sqlite" // the driver named "sqlite"
)

func TestErrorsOfDriversAreTold(t *testing.T) {
	t.Parallel()
	for _, e := range []struct {
		err                  error
		duplicate, transient bool
	}{
		{nil, false, false},
		{errors.New("23505"), false, false},
		{sql.ErrNoRows, false, false},
		{&pgconn.PgError{Code: "23505"}, true, false},
		{&pgconn.PgError{Code: "40P01"}, false, true},
		{&pgconn.PgError{Code: "40001"}, false, true},
		{&pgconn.PgError{Code: "57P01"}, false, false},
		{&mysql.MySQLError{Number: 1062, SQLState: [5]byte{'2', '3', '0', '0', '0'}}, true, false},
		{&mysql.MySQLError{Number: 1213, SQLState: [5]byte{'4', '0', '0', '0', '1'}}, false, true},
		{&mysql.MySQLError{Number: 1205}, false, true},
		{&mysql.MySQLError{Number: 1146}, false, false},
	} {
		wrapped := e.err
		if e.err != nil {
			wrapped = fmt.Errorf("sqlstore: %w", e.err)
		}
		if isDuplicate(wrapped) != e.duplicate || isTransient(wrapped) != e.transient {
			t.Errorf("%v: duplicate %v, transient %v", e.err, isDuplicate(wrapped), isTransient(wrapped))
		}
	}
}

// What collides is tried again, unless it is part of a transaction that may
// have done other things as well: that is for the caller, who is told.
func TestCollisionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", SQLiteDSN(":memory:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	s := New(db, SQLite)
	deadlock := &pgconn.PgError{Code: "40P01"}
	duplicate := &mysql.MySQLError{Number: 1062}
	calls := 0
	failing := func(times int, with error) func(context.Context) error {
		calls = 0
		return func(context.Context) error {
			if calls++; calls <= times {
				return with
			}
			return nil
		}
	}
	if err := s.atomically(t.Context(), failing(2, deadlock)); err != nil || calls != 3 {
		t.Errorf("a deadlock: %d calls, %v", calls, err)
	}
	if err := s.atomically(t.Context(), failing(1000, deadlock)); !errors.Is(err, deadlock) || calls != maxTries {
		t.Errorf("a deadlock that stays: %d calls, %v", calls, err)
	}
	if err := s.atomically(t.Context(), failing(2, sql.ErrConnDone)); !errors.Is(err, sql.ErrConnDone) || calls != 1 {
		t.Errorf("another error: %d calls, %v", calls, err)
	}
	err = s.InTx(t.Context(), func(ctx context.Context) error { return s.atomically(ctx, failing(2, deadlock)) })
	if !errors.Is(err, deadlock) || !errors.Is(err, authn.ErrCollision) || calls != 1 {
		t.Errorf("a deadlock in a transaction: %d calls, %v", calls, err)
	}
	err = s.InTx(t.Context(), func(ctx context.Context) error { return s.atomically(ctx, failing(2, duplicate)) })
	if err != nil || calls != 3 {
		t.Errorf("a duplicate in a transaction, which goes on: %d calls, %v", calls, err)
	}
}

// A host's statements commit and roll back with the library's.
func TestConnJoinsTheTransaction(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", SQLiteDSN(":memory:"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1) // a statement outside of the transaction would wait for ever
	s := New(db, SQLite)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Conn(t.Context(), db).ExecContext(t.Context(), `CREATE TABLE mine (name TEXT)`); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	for _, result := range []error{stop, nil} {
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := Conn(ctx, db).ExecContext(ctx, `INSERT INTO mine VALUES ('ann')`); err != nil {
				return err
			}
			if err := s.ClaimUsername(ctx, "1", "ann"); err != nil {
				return err
			}
			return result
		})
		if !errors.Is(err, result) {
			t.Fatalf("InTx = %v", err)
		}
		var mine int
		if err := db.QueryRow(`SELECT COUNT(*) FROM mine`).Scan(&mine); err != nil {
			t.Fatal(err)
		}
		_, missing := s.UserIDByUsername(t.Context(), "ann")
		if (mine == 1) != (result == nil) || (missing == nil) != (result == nil) {
			t.Errorf("after %v: %d rows of the host, %v", result, mine, missing)
		}
	}
}
