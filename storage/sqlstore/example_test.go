package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// The tables are made beside those of the host.
func Example() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(":memory:"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // only a database in memory needs this
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	var tables int
	err = db.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name LIKE 'allauth%'`).Scan(&tables)
	fmt.Println(tables > 10, err)
	// Output: true <nil>
}

// A row of the host is written in the transaction of the library, or not at all.
func ExampleConn() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(":memory:"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `CREATE TABLE profiles (name TEXT)`); err != nil {
		log.Fatal(err)
	}
	err = sqlstore.New(db, sqlstore.SQLite).InTx(ctx, func(ctx context.Context) error {
		if _, err := sqlstore.Conn(ctx, db).ExecContext(ctx, `INSERT INTO profiles VALUES ('Ann')`); err != nil {
			return err
		}
		return errors.New("the sign-up failed")
	})
	fmt.Println(err)
	var rows int
	err = db.QueryRowContext(ctx, `SELECT COUNT(*) FROM profiles`).Scan(&rows)
	fmt.Println(rows, err)
	// Output:
	// the sign-up failed
	// 0 <nil>
}
