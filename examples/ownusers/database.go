package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	_ "modernc.org/sqlite"             // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// flavor is what the statements of users.go need to know of the database. Both
// databases understand $1 and CAST.
type flavor struct {
	driver  string
	dialect sqlstore.Dialect
	// indexes are for NextPasswordHash and EmailsByAddress. PostgreSQL creates them
	// while older servers write to the table.
	indexes []string
	// hash is the column of hashes, compared byte by byte.
	hash string
	// lock locks the rows that a SELECT reads, skipLocked those that no other
	// transaction has locked. SQLite has one writer at a time.
	lock, skipLocked string
}

var sqlite = flavor{
	driver: "sqlite", dialect: sqlstore.SQLite, hash: "password_hash",
	indexes: []string{
		`CREATE INDEX IF NOT EXISTS users_password_hash ON users (password_hash)`,
		`CREATE INDEX IF NOT EXISTS users_email ON users (lower(email))`,
	},
}

var postgres = flavor{
	driver: "pgx", dialect: sqlstore.Postgres, hash: `password_hash COLLATE "C"`, lock: " FOR UPDATE", skipLocked: " FOR UPDATE SKIP LOCKED",
	indexes: []string{
		`CREATE INDEX CONCURRENTLY IF NOT EXISTS users_password_hash ON users (password_hash COLLATE "C")`,
		`CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (lower(email))`,
		`ANALYZE users`, // until then PostgreSQL expects one row in 200 to have an address
	},
}

// open opens the application's database, the URL of PostgreSQL or the path of an
// SQLite file, with the library's tables in it.
func open(ctx context.Context, database string) (*sql.DB, users, error) {
	source, f := sqlstore.SQLiteDSN(database), sqlite
	if strings.HasPrefix(database, "postgres://") {
		source, f = database, postgres
	}
	db, err := sql.Open(f.driver, source)
	if err != nil {
		return nil, users{}, err
	}
	ours := sqlstore.New(db, f.dialect)
	for _, statement := range append([]string{schema}, f.indexes...) {
		if err == nil {
			_, err = db.ExecContext(ctx, statement)
		}
	}
	if err == nil {
		err = ours.Migrate(ctx)
	}
	if err != nil {
		return nil, users{}, errors.Join(fmt.Errorf("open the database: %w", err), db.Close())
	}
	return db, users{Store: ours, db: db, flavor: f}, nil
}
