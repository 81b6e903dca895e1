package teststore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
)

// Cable opens a database through a cable that can be cut. Before each statement,
// BEGIN and COMMIT among them, cut is asked; its error is what the caller gets
// in place of the statement's result. A commit that is cut rolls back. The end
// of the test closes the database.
func Cable(t testing.TB, driverName, source string, cut func(query string) error) *sql.DB {
	t.Helper()
	plain, err := sql.Open(driverName, source)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(cable{source, plain.Driver(), cut})
	t.Cleanup(func() {
		_ = plain.Close() // it never had a connection
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// cable opens connections of the driver.
type cable struct {
	source string
	driver driver.Driver
	cut    func(query string) error
}

func (c cable) Driver() driver.Driver { return c.driver }

func (c cable) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.source)
	if err != nil {
		return nil, err
	}
	return cableConn{conn, c.cut}, nil
}

type cableConn struct {
	driver.Conn
	cut func(query string) error
}

func (c cableConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if err := c.cut("BEGIN"); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, options)
	return cableTx{tx, c.cut}, err
}

func (c cableConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.cut(query); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

// CheckNamedValue lets the driver convert arguments.
func (c cableConn) CheckNamedValue(v *driver.NamedValue) error {
	if inner, ok := c.Conn.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c cableConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c cableConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return cableStmt{stmt, query, c.cut}, err
}

type cableStmt struct {
	driver.Stmt
	query string
	cut   func(query string) error
}

func (s cableStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.cut(s.query); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s cableStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.cut(s.query); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

type cableTx struct {
	driver.Tx
	cut func(query string) error
}

func (t cableTx) Commit() error {
	if err := t.cut("COMMIT"); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}
