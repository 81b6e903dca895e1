package sqlrecord

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"regexp"
	"testing"
)

// Open opens a database by a registered driver. Statements are recorded that run
// with a context of [Record], and those of a transaction that began with one. The
// end of the test closes it.
func Open(t testing.TB, driverName, source string) *sql.DB {
	t.Helper()
	plain, err := sql.Open(driverName, source)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector{plain.Driver(), source})
	t.Cleanup(func() {
		_ = plain.Close() // it never had a connection
		_ = db.Close()
	})
	return db
}

// connector opens connections that record.
type connector struct {
	driver driver.Driver
	source string
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	var open driver.Conn
	var err error
	if contextual, ok := c.driver.(driver.DriverContext); ok {
		var inner driver.Connector
		if inner, err = contextual.OpenConnector(c.source); err == nil {
			open, err = inner.Connect(ctx)
		}
	} else {
		open, err = c.driver.Open(c.source)
	}
	if err != nil {
		return nil, err
	}
	return &conn{Conn: open}, nil
}

// conn is a connection of the driver that records. What a driver cannot do is
// answered as database/sql expects.
type conn struct {
	driver.Conn
	transaction *Recording // of the transaction under way
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	var begun driver.Tx
	var err error
	if inner, ok := c.Conn.(driver.ConnBeginTx); ok {
		begun, err = inner.BeginTx(ctx, opts)
	} else {
		//lint:ignore SA1019 drivers without a context have nothing else
		begun, err = c.Conn.Begin() //nolint:staticcheck // drivers without a context have nothing else
	}
	if err != nil {
		return nil, err
	}
	c.transaction = recordingOf(ctx)
	c.transaction.add("BEGIN", 0)
	return tx{begun, c}, nil
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	var prepared driver.Stmt
	var err error
	if inner, ok := c.Conn.(driver.ConnPrepareContext); ok {
		prepared, err = inner.PrepareContext(ctx, query)
	} else {
		prepared, err = c.Prepare(query)
	}
	if err != nil {
		return nil, err
	}
	recordingOf(ctx).prepare(query)
	return stmt{prepared, query, c}, nil
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	inner, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	result, err := inner.ExecContext(ctx, query, args)
	if err == nil {
		recordExec(ctx, query, result)
	}
	return result, err
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	inner, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	rows, err := inner.QueryContext(ctx, query, args)
	if err == nil {
		recordingOf(ctx).add(query, 0)
	}
	return rows, err
}

// writes begins the statements that write rows. After others SQLite reports the
// rows of the one before.
var writes = regexp.MustCompile(`(?i)^\s*(insert|update|delete|replace|merge|with)\b`)

func recordExec(ctx context.Context, query string, result driver.Result) {
	rows, err := result.RowsAffected()
	if err != nil || !writes.MatchString(query) {
		rows = 0
	}
	recordingOf(ctx).add(query, rows)
}

func (c *conn) Ping(ctx context.Context) error {
	if inner, ok := c.Conn.(driver.Pinger); ok {
		return inner.Ping(ctx)
	}
	return nil
}

func (c *conn) ResetSession(ctx context.Context) error {
	if inner, ok := c.Conn.(driver.SessionResetter); ok {
		return inner.ResetSession(ctx)
	}
	return nil
}

func (c *conn) IsValid() bool {
	inner, ok := c.Conn.(driver.Validator)
	return !ok || inner.IsValid()
}

func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if inner, ok := c.Conn.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// tx is a transaction that records its end.
type tx struct {
	driver.Tx
	conn *conn
}

func (t tx) Commit() error {
	err := t.Tx.Commit()
	if err == nil {
		t.end("COMMIT")
	}
	return err
}

func (t tx) Rollback() error {
	t.end("ROLLBACK")
	return t.Tx.Rollback()
}

func (t tx) end(how string) {
	t.conn.transaction.add(how, 0)
	t.conn.transaction = nil
}

// stmt is a prepared statement that records.
type stmt struct {
	driver.Stmt
	query string
	conn  *conn
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	var result driver.Result
	var err error
	if inner, ok := s.Stmt.(driver.StmtExecContext); ok {
		result, err = inner.ExecContext(ctx, args)
	} else {
		result, err = s.Exec(values(args))
	}
	if err == nil {
		recordExec(ctx, s.query, result)
	}
	return result, err
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	var rows driver.Rows
	var err error
	if inner, ok := s.Stmt.(driver.StmtQueryContext); ok {
		rows, err = inner.QueryContext(ctx, args)
	} else {
		rows, err = s.Query(values(args))
	}
	if err == nil {
		recordingOf(ctx).add(s.query, 0)
	}
	return rows, err
}

func (s stmt) CheckNamedValue(v *driver.NamedValue) error {
	if inner, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return inner.CheckNamedValue(v)
	}
	return s.conn.CheckNamedValue(v)
}

func (s stmt) ColumnConverter(i int) driver.ValueConverter {
	//lint:ignore SA1019 drivers of old may have it
	if inner, ok := s.Stmt.(driver.ColumnConverter); ok { //nolint:staticcheck // as above
		return inner.ColumnConverter(i)
	}
	return driver.DefaultParameterConverter
}

func values(args []driver.NamedValue) []driver.Value {
	list := make([]driver.Value, len(args))
	for i, arg := range args {
		list[i] = arg.Value
	}
	return list
}
