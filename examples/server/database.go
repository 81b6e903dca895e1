package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	_ "modernc.org/sqlite"             // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// maxConnections is the largest number of connections to a database server.
const maxConnections = 32

// openStore opens the database with this URL, and creates its tables.
func openStore(ctx context.Context, address string) (storage.Store, func(), error) {
	kind, rest, _ := strings.Cut(address, "://")
	switch kind {
	case "memory":
		return memstore.New(), func() {}, nil
	case "sqlite":
		return openSQL(ctx, "sqlite", sqlstore.SQLiteDSN(rest), sqlstore.SQLite)
	case "postgres", "postgresql":
		return openSQL(ctx, "pgx", address, sqlstore.Postgres)
	case "mysql":
		source, err := mysqlSource(address)
		if err != nil {
			return nil, nil, err
		}
		return openSQL(ctx, "mysql", source, sqlstore.MySQL)
	}
	return nil, nil, errors.New("database is not the URL of a database; use sqlite://PATH, postgres://…, mysql://… or memory://")
}

// mysqlSource converts mysql://user:password@host:port/name?options to the form
// of the driver. Its errors do not contain the password.
func mysqlSource(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", errors.New("database is not a URL like mysql://user:password@host:3306/name; percent-encode special characters of the password")
	}
	config, err := mysql.ParseDSN("/?" + u.RawQuery)
	if err != nil {
		return "", fmt.Errorf("database: the options of the URL: %w", err)
	}
	config.Net, config.Addr, config.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if u.Port() == "" {
		config.Addr = u.Host + ":3306"
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	return config.FormatDSN(), nil
}

func openSQL(ctx context.Context, driver, source string, dialect sqlstore.Dialect) (storage.Store, func(), error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	store := sqlstore.New(db, dialect)
	if err := store.Migrate(ctx); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return store, func() { _ = db.Close() }, nil
}
