package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/allauth-go/allauth/authn"
)

// Querier has the methods of both a database and a transaction.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// transaction is the value that ctx carries inside InTx.
type transaction struct {
	db *sql.DB
	tx *sql.Tx
	// savepoints is the number of savepoints so far, for their names.
	savepoints int
	// prepared are the statements that were first prepared in this transaction.
	prepared map[string]*sql.Stmt
	// undone is the collision for which the database rolled the transaction back.
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

// Conn returns the transaction that ctx carries, if it is one of db, and db
// otherwise. A store of the host that uses it takes part in the library's
// transactions.
func Conn(ctx context.Context, db *sql.DB) Querier {
	if tx := transactionOf(ctx, db); tx != nil {
		return tx
	}
	return db
}

// InTx implements authn.Transactor. After a deadlock or another conflict with a
// concurrent transaction it returns authn.ErrCollision, even if f continued after
// the collision, as the database has rolled back everything before. InTx does not
// retry, as f may have changed more than the database; single calls outside of
// InTx are retried.
func (s *Store) InTx(ctx context.Context, f func(ctx context.Context) error) (err error) {
	if current(ctx, s.db) != nil {
		return f(ctx)
	}
	_, end := s.observe(ctx, "begin")
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: s.dialect.isolation})
	end(err)
	if err != nil {
		return fmt.Errorf("sqlstore: begin: %w", err)
	}
	done := false
	defer func() {
		if done {
			return
		}
		// If the rollback fails the connection is lost, and the database rolls
		// back itself: f's error says more.
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
	_, end = s.observe(ctx, "commit")
	err = tx.Commit()
	end(err)
	if err != nil {
		return collided(fmt.Errorf("sqlstore: commit: %w", err))
	}
	for query := range t.prepared {
		_, _ = s.prepare(ctx, query) // if this fails, the next transaction tries again
	}
	return nil
}

// prepare prepares a query on the connection of the transaction, as the pool may
// have no other connection. InTx prepares it for later transactions.
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

// maxLockedID is the length of user_locks.user_id in MySQL, in bytes.
const maxLockedID = 255

// LockUser implements authn.Transactor. If SELECT locks nothing, as in SQLite,
// the write does. An ID that the database cannot store is that of no user.
func (s *Store) LockUser(ctx context.Context, userID string) error {
	if current(ctx, s.db) == nil {
		return errors.New("sqlstore: LockUser was called outside of InTx")
	}
	if !s.dialect.storable([]any{userID}) || s.dialect.name == MySQL.name && len(userID) > maxLockedID {
		return nil
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

// collided marks the error of a transaction that collided with another one.
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

// maxTries is how often a step is tried if it collides with others.
const maxTries = 10

// atomically runs several statements as one step: after an error all of them are
// undone, also in a transaction that continues. After a collision with another
// caller the step is retried.
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

// savepoint calls f. If f returns an error, what f did is undone, and nothing
// else.
func (t *transaction) savepoint(ctx context.Context, f func(ctx context.Context) error) error {
	t.savepoints++
	name := "allauth_" + strconv.Itoa(t.savepoints)
	if _, err := t.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return fmt.Errorf("sqlstore: savepoint: %w", err)
	}
	err := f(ctx)
	switch {
	case isTransient(err): // the whole transaction was rolled back
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
