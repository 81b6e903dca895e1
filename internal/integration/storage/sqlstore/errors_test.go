package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// failing is a store in which statements that begin with a text fail with an
// error, as often as the test says.
type failing struct {
	*sqlstore.Store
	statement string
	with      error
	times     int // how often it still fails
	calls     int // how often the statement was run
}

func openFailing(t *testing.T, statement string) *failing {
	t.Helper()
	f := &failing{statement: statement}
	db := teststore.Cable(t, "sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db")), func(_ context.Context, query string, _ bool) error {
		if !strings.HasPrefix(query, f.statement) {
			return nil
		}
		if f.calls++; f.calls <= f.times {
			return f.with
		}
		return nil
	})
	f.Store = sqlstore.New(db, sqlstore.SQLite)
	if err := f.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

// fail makes the statement fail the next few times.
func (f *failing) fail(times int, with error) { f.times, f.with, f.calls = times, with, 0 }

// The store recognizes the errors of drivers, which it does not link.
func TestErrorsOfDriversAreTold(t *testing.T) {
	t.Parallel()
	store := openFailing(t, "INSERT INTO allauth_usernames")
	for i, e := range []struct {
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
		store.fail(1, e.err)
		err := store.InTx(t.Context(), func(ctx context.Context) error {
			return store.ClaimUsername(ctx, "1", fmt.Sprintf("name%d", i))
		})
		if errors.Is(err, authn.ErrConflict) != e.duplicate || errors.Is(err, authn.ErrCollision) != e.transient || (err == nil) != (e.err == nil) {
			t.Errorf("the driver says %v, the store %v", e.err, err)
		}
	}
}

// A call that collides is retried, unless it is part of a transaction that may
// have done other things as well: the caller gets the error.
func TestCollisionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	const number, tries = "+15550100", 10
	store := openFailing(t, "UPDATE allauth_phones SET verified")
	if err := store.SetPhone(t.Context(), account.Phone{UserID: "1", Number: number}, false); err != nil {
		t.Fatal(err)
	}
	verify := func(ctx context.Context) error { return store.VerifyPhone(ctx, "1", number) }
	deadlock := &pgconn.PgError{Code: "40P01"}
	duplicate := &mysql.MySQLError{Number: 1062}

	store.fail(2, deadlock)
	if err := verify(t.Context()); err != nil || store.calls != 3 {
		t.Errorf("a deadlock: %d calls, %v", store.calls, err)
	}
	store.fail(1000, deadlock)
	if err := verify(t.Context()); !errors.Is(err, deadlock) || store.calls != tries {
		t.Errorf("a deadlock that stays: %d calls, %v", store.calls, err)
	}
	store.fail(2, sql.ErrConnDone)
	if err := verify(t.Context()); !errors.Is(err, sql.ErrConnDone) || store.calls != 1 {
		t.Errorf("another error: %d calls, %v", store.calls, err)
	}
	store.fail(2, deadlock)
	if err := store.InTx(t.Context(), verify); !errors.Is(err, deadlock) || !errors.Is(err, authn.ErrCollision) || store.calls != 1 {
		t.Errorf("a deadlock in a transaction: %d calls, %v", store.calls, err)
	}
	store.fail(2, duplicate)
	if err := store.InTx(t.Context(), verify); err != nil || store.calls != 3 {
		t.Errorf("a duplicate in a transaction, which goes on: %d calls, %v", store.calls, err)
	}
}

// A host's statements commit and roll back with the library's.
func TestConnJoinsTheTransaction(t *testing.T) {
	t.Parallel()
	// A statement outside of the transaction would wait for ever.
	db, s := openSQLite(t, ":memory:")
	if _, err := sqlstore.Conn(t.Context(), db).ExecContext(t.Context(), `CREATE TABLE mine (name TEXT)`); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	for _, result := range []error{stop, nil} {
		err := s.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := sqlstore.Conn(ctx, db).ExecContext(ctx, `INSERT INTO mine VALUES ('ann')`); err != nil {
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
