package main

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// openStore opens the database that a URL names, and makes its tables.
func openStore(ctx context.Context, url string) (storage.Store, func(), error) {
	kind, rest, ok := strings.Cut(url, "://")
	switch {
	case kind == "memory" && ok:
		return memstore.New(), func() {}, nil
	case kind == "sqlite" && ok:
		return openSQL(ctx, "sqlite", sqlstore.SQLiteDSN(rest), sqlstore.SQLite)
	}
	return nil, nil, fmt.Errorf("database is %q; use sqlite://PATH or memory://", url)
}

func openSQL(ctx context.Context, driver, source string, dialect sqlstore.Dialect) (storage.Store, func(), error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, nil, fmt.Errorf("open database: %w", err)
	}
	store := sqlstore.New(db, dialect)
	if err := store.Migrate(ctx); err != nil {
		return nil, nil, err
	}
	return store, func() { _ = db.Close() }, nil
}
