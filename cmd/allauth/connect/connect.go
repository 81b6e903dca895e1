// Package connect opens the stores that the command allauth and the standalone server
// name by URLs.
package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/redisstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// maxConnections is the largest number of connections to a database server.
const maxConnections = 32

// SQL opens the database with a URL: sqlite://PATH, postgres://… or mysql://…. It
// neither connects to a server nor creates tables. The function closes the database.
func SQL(address string, options ...sqlstore.Option) (*sqlstore.Store, func(), error) {
	kind, _, _ := strings.Cut(address, ":")
	switch kind {
	case "sqlite":
		path, _ := SQLitePath(address)
		return open("sqlite", sqlstore.SQLiteDSN(path), sqlstore.SQLite, options)
	case "postgres", "postgresql":
		return open("pgx", address, sqlstore.Postgres, options)
	case "mysql":
		source, err := mysqlSource(address)
		if err != nil {
			return nil, nil, err
		}
		return open("mysql", source, sqlstore.MySQL, options)
	}
	return nil, nil, errors.New("database is not the URL of a database; use sqlite://PATH, postgres://… or mysql://…")
}

// Open opens the database of a Django site with a URL: sqlite:PATH, whose file must exist,
// or postgres://…
func Open(address string) (*sql.DB, sqlstore.Dialect, error) {
	kind, _, _ := strings.Cut(address, ":")
	driver, source, dialect := "pgx", address, sqlstore.Postgres
	switch kind {
	case "sqlite":
		path, _ := SQLitePath(address)
		if _, err := os.Stat(path); err != nil {
			return nil, dialect, fmt.Errorf("database: %w", err)
		}
		driver, source, dialect = "sqlite", sqlstore.SQLiteDSN(path), sqlstore.SQLite
	case "postgres", "postgresql":
	default:
		return nil, dialect, errors.New("database is not the URL of a database beside Django; use sqlite:PATH or postgres://…")
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, dialect, fmt.Errorf("database: %w", err)
	}
	return db, dialect, nil
}

// SQLitePath returns the path of the file with the URL sqlite://PATH or sqlite:PATH.
func SQLitePath(address string) (path string, found bool) {
	path, found = strings.CutPrefix(address, "sqlite:")
	return strings.TrimPrefix(path, "//"), found
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

func open(driver, source string, dialect sqlstore.Dialect, options []sqlstore.Option) (*sqlstore.Store, func(), error) {
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, nil, fmt.Errorf("database: %w", err)
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	return sqlstore.New(db, dialect, options...), func() { _ = db.Close() }, nil
}

// Redis returns a store that keeps sessions, challenges and the counters of rate limits
// in the Redis with that URL, and everything else in base. It returns base for the empty
// URL. The function closes the client.
func Redis(ctx context.Context, base storage.Store, address string) (storage.Store, func(), error) {
	if address == "" {
		return base, func() {}, nil
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		// The error of the package may contain the password.
		return nil, nil, errors.New("redis is not a URL like redis://user:password@host:6379/0")
	}
	client := redis.NewClient(options)
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("redis: %w", err), client.Close())
	}
	cache := redisstore.New(client)
	store := storage.Compose(base, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
	return store, func() { _ = client.Close() }, nil
}
