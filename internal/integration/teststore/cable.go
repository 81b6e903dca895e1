package teststore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
)

// Cut is asked before each statement, BEGIN and COMMIT among them; its error is
// what the caller gets in place of the statement's result. ctx is that of the
// statement, and for COMMIT that of BEGIN. inTx is true inside of a transaction, and
// for its COMMIT.
type Cut func(ctx context.Context, query string, inTx bool) error

// Cable opens a database through a cable that can be cut. A commit that is cut
// rolls back. The end of the test closes the database.
func Cable(t testing.TB, driverName, source string, cut Cut) *sql.DB {
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
	cut    Cut
}

func (c cable) Driver() driver.Driver { return c.driver }

func (c cable) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.source)
	if err != nil {
		return nil, err
	}
	return &cableConn{Conn: conn, cut: c.cut}, nil
}

// cableConn is used by one goroutine at a time.
type cableConn struct {
	driver.Conn
	cut  Cut
	inTx bool
}

func (c *cableConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if err := c.cut(ctx, "BEGIN", false); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, options)
	c.inTx = err == nil
	return cableTx{tx, c, ctx}, err
}

func (c *cableConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.cut(ctx, query, c.inTx); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

// CheckNamedValue lets the driver convert arguments.
func (c *cableConn) CheckNamedValue(v *driver.NamedValue) error {
	if inner, ok := c.Conn.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *cableConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *cableConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return cableStmt{stmt, query, c}, err
}

type cableStmt struct {
	driver.Stmt
	query string
	conn  *cableConn
}

func (s cableStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.conn.cut(ctx, s.query, s.conn.inTx); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s cableStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.conn.cut(ctx, s.query, s.conn.inTx); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

type cableTx struct {
	driver.Tx
	conn *cableConn
	ctx  context.Context
}

func (t cableTx) Commit() error {
	if err := t.conn.cut(t.ctx, "COMMIT", true); err != nil {
		return errors.Join(err, t.Rollback())
	}
	t.conn.inTx = false
	return t.Tx.Commit()
}

func (t cableTx) Rollback() error {
	t.conn.inTx = false
	return t.Tx.Rollback()
}
