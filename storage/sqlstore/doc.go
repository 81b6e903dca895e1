// Package sqlstore stores everything in the host's SQL database, in tables of its
// own, through database/sql. It imports no driver: the host imports the one that
// it uses.
//
//	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("app.db"))
//	store := sqlstore.New(db, sqlstore.SQLite)
//	err = store.Migrate(ctx)
//
// The host's own stores join the library's transactions with [Conn]:
//
//	_, err := sqlstore.Conn(ctx, db).ExecContext(ctx, `INSERT INTO users ...`)
//
// # SQLite
//
// SQLite needs write-ahead logging, a busy timeout, and transactions that take
// the write lock when they begin: [SQLiteDSN] sets all three for
// modernc.org/sqlite. A database in memory belongs to one connection: call
// db.SetMaxOpenConns(1).
package sqlstore
