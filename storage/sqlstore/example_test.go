package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// The tables are created beside those of the host, which chooses the driver: the
// program imports modernc.org/sqlite, which registers as "sqlite".
func Example() {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("app.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// The data source name sets what the store needs of SQLite.
func ExampleSQLiteDSN() {
	fmt.Println(sqlstore.SQLiteDSN("app.db"))
	// Output: file:app.db?_pragma=busy_timeout%2810000%29&_pragma=journal_mode%28WAL%29&_pragma=synchronous%28NORMAL%29&_pragma=journal_size_limit%2867108864%29&_txlock=immediate
}

// A row of the host is written in the library's transaction, or not at all.
func ExampleConn() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("app.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	err = sqlstore.New(db, sqlstore.SQLite).InTx(ctx, func(ctx context.Context) error {
		if _, err := sqlstore.Conn(ctx, db).ExecContext(ctx, `INSERT INTO profiles VALUES ('Ann')`); err != nil {
			return err
		}
		return errors.New("the sign-up failed") // the row is not stored
	})
	fmt.Println(err)
}
