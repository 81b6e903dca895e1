// Package testserver gives tests databases of their own on the servers that the
// environment names: ALLAUTH_TEST_POSTGRES holds the URL of a PostgreSQL
// server, ALLAUTH_TEST_MYSQL the data source name of a MySQL or MariaDB server,
// both of a user who may create databases, ALLAUTH_TEST_REDIS the URL of a Redis
// server, and ALLAUTH_TEST_REDIS_CLUSTER that of a Redis Cluster with its nodes.
// Where a variable is not set its function returns the empty text and the test has
// nothing to do. The script .ci/servers starts all of them.
package testserver

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
)

// Postgres returns the URL of a new, empty database, which the end of the test
// drops.
func Postgres(t testing.TB) string {
	t.Helper()
	name := name()
	server, source := postgres(t, name)
	if server != "" {
		create(t, "pgx", server, "CREATE DATABASE "+name, "DROP DATABASE "+name+" WITH (FORCE)")
	}
	return source
}

func postgres(t testing.TB, database string) (server, source string) {
	t.Helper()
	server = setting(t, "ALLAUTH_TEST_POSTGRES")
	if server == "" {
		return "", ""
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("ALLAUTH_TEST_POSTGRES: %v", err)
	}
	u.Path = "/" + database
	return server, u.String()
}

// MySQL returns the data source name of a new, empty database, which the end of
// the test drops.
func MySQL(t testing.TB) string {
	t.Helper()
	name := name()
	server, source := mySQL(t, name)
	if server != "" {
		create(t, "mysql", server, "CREATE DATABASE "+name, "DROP DATABASE "+name)
	}
	return source
}

func mySQL(t testing.TB, database string) (server, source string) {
	t.Helper()
	server = setting(t, "ALLAUTH_TEST_MYSQL")
	if server == "" {
		return "", ""
	}
	config, err := mysql.ParseDSN(server)
	if err != nil {
		t.Fatalf("ALLAUTH_TEST_MYSQL: %v", err)
	}
	config.DBName = database
	return server, config.FormatDSN()
}

func setting(t testing.TB, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Logf("%s is not set: nothing to test here", variable)
	}
	return value
}

func name() string { return "allauth_test_" + strings.ToLower(rand.Text()[:12]) }

func create(t testing.TB, driver, source, create, drop string) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(drop); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
