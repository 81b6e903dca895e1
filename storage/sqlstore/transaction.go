package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/allauth-go/allauth/authn"
)

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
	// savepoints counts those that were made, so that each has its own name.
	savepoints int
	// prepared are the statements that no earlier transaction has prepared.
	prepared map[string]*sql.Stmt
	// undone is the collision that made the database undo it.
	undone error
}

type transactionKey struct{}

func transactionOf(ctx context.Context, db *sql.DB) *sql.Tx {
	if t := current(ctx, db); t != nil {
		return t.tx
	}
	return nil
}

func current(ctx context.Context, db *sql.DB) *transaction {
	t, _ := ctx.Value(transactionKey{}).(*transaction)
	if t == nil || t.db != db {
		return nil
	}
	return t
}

// Conn returns the transaction that ctx carries, if it is one of db, else db. A
// host's store that goes through it commits and rolls back with ours.
func Conn(ctx context.Context, db *sql.DB) Querier {
	if tx := transactionOf(ctx, db); tx != nil {
		return tx
	}
	return db
}

// InTx implements authn.Transactor. A deadlock or another conflict with a
// transaction that runs at the same time is authn.ErrCollision. It is for the
// caller to try again, as f may have changed more than the database; single
// calls outside of InTx are retried. It is returned even if f goes on: the
// database has undone what went before.
func (s *Store) InTx(ctx context.Context, f func(ctx context.Context) error) (err error) {
	if current(ctx, s.db) != nil {
		return f(ctx)
	}
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: s.dialect.isolation})
	if err != nil {
		return fmt.Errorf("sqlstore: begin: %w", err)
	}
	done := false
	defer func() {
		if done {
			return
		}
		// Where rolling back fails the connection is gone, and the database
		// rolls back by itself: f's error says more.
		if rollback := ignoreDone(tx.Rollback()); err == nil {
			err = rollback
		}
	}()
	t := &transaction{db: s.db, tx: tx, prepared: map[string]*sql.Stmt{}}
	if err := f(context.WithValue(ctx, transactionKey{}, t)); err != nil {
		return collided(err)
	}
	if t.undone != nil {
		return collided(t.undone)
	}
	done = true
	if err := tx.Commit(); err != nil {
		return collided(fmt.Errorf("sqlstore: commit: %w", err))
	}
	for query := range t.prepared {
		_, _ = s.prepare(ctx, query) // if it fails the next transaction prepares it again
	}
	return nil
}

// prepare prepares a query on the connection of the transaction, as the pool may
// have no other to give. InTx prepares it for later transactions.
func (t *transaction) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if known, ok := t.prepared[query]; ok {
		return known, nil
	}
	stmt, err := t.tx.PrepareContext(ctx, query)
	if err == nil {
		t.prepared[query] = stmt
	}
	return stmt, err
}

// LockUser implements authn.Transactor. Where a SELECT locks nothing, as in
// SQLite, the write does.
func (s *Store) LockUser(ctx context.Context, userID string) error {
	if current(ctx, s.db) == nil {
		return errors.New("sqlstore: LockUser was called outside of InTx")
	}
	if s.dialect.forUpdate != "" {
		var there int
		err := s.row(ctx, "lock user", `SELECT 1 FROM {user_locks} WHERE user_id = ? `+s.dialect.forUpdate, []any{userID}, &there)
		if !errors.Is(err, authn.ErrNotFound) {
			return err
		}
	}
	_, err := s.exec(ctx, "lock user", `INSERT INTO {user_locks} (user_id) VALUES (?) `+s.dialect.lockExisting, userID)
	return err
}

// InSavepoint implements authn.Transactor.
func (s *Store) InSavepoint(ctx context.Context, f func(ctx context.Context) error) error {
	if t := current(ctx, s.db); t != nil {
		return t.savepoint(ctx, f)
	}
	return s.InTx(ctx, f)
}

// collided marks the error of a transaction that met with another one.
func collided(err error) error {
	if isTransient(err) {
		return fmt.Errorf("%w: %w", authn.ErrCollision, err)
	}
	return err
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// maxTries is how often a step is tried that collides with others.
const maxTries = 10

// atomically runs several statements as one step: an error undoes all of them,
// also inside a transaction that goes on. What collides with another caller is
// tried again.
func (s *Store) atomically(ctx context.Context, f func(ctx context.Context) error) error {
	t := current(ctx, s.db)
	for try := 1; ; try++ {
		var err error
		if t == nil {
			err = s.InTx(ctx, f)
		} else {
			err = t.savepoint(ctx, f)
		}
		if err == nil || try == maxTries || !isDuplicate(err) && (t != nil || !errors.Is(err, authn.ErrCollision)) {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// savepoint runs f so that its error undoes what f did, and nothing else.
func (t *transaction) savepoint(ctx context.Context, f func(ctx context.Context) error) error {
	t.savepoints++
	name := "allauth_" + strconv.Itoa(t.savepoints)
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return fmt.Errorf("sqlstore: savepoint: %w", err)
	}
	err := f(ctx)
	switch {
	case isTransient(err): // the whole transaction is lost
		return err
	case err != nil:
		if _, undo := t.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name); undo != nil {
			return errors.Join(err, fmt.Errorf("sqlstore: roll back to savepoint: %w", undo))
		}
		return err
	}
	if _, err := t.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return fmt.Errorf("sqlstore: release savepoint: %w", err)
	}
	return nil
}
