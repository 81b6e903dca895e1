package testserver

import (
	"database/sql"
	"strconv"
	"strings"
	"testing"
	"time"
)

// lasting begins the names of databases that outlive their test, followed by
// the hour in which they were created.
const lasting = "allauth_lasting_"

// LastingPostgres returns the URL of a new, empty database that several tests can use one
// after the other. A run of tests a few hours later drops it. The test fails
// where there is no server.
func LastingPostgres(t testing.TB) string {
	t.Helper()
	name := lastingName()
	server, source := postgres(t, name)
	createLasting(t, "pgx", server, name, "SELECT datname FROM pg_database")
	return source
}

// LastingMySQL is LastingPostgres for MySQL or MariaDB, with a data source name.
func LastingMySQL(t testing.TB) string {
	t.Helper()
	name := lastingName()
	server, source := mySQL(t, name)
	createLasting(t, "mysql", server, name, "SHOW DATABASES")
	return source
}

func lastingName() string {
	return lasting + strconv.FormatInt(time.Now().Unix()/3600, 10) + "_" + name()[len("allauth_test_"):]
}

// createLasting creates a database, and drops those that earlier runs left.
func createLasting(t testing.TB, driver, server, name, list string) {
	t.Helper()
	if server == "" {
		t.Fatal("ALLAUTH_TEST_STORE chooses a server that the environment does not name")
	}
	admin, err := sql.Open(driver, server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }() // nothing is left to do
	for _, old := range outdated(t, admin, list) {
		_, _ = admin.Exec("DROP DATABASE IF EXISTS " + old) // another run may do the same
	}
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
}

// outdated returns the lasting databases that are older than two hours.
func outdated(t testing.TB, admin *sql.DB, list string) []string {
	t.Helper()
	rows, err := admin.Query(list)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // read to its end
	var old []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		hour, _, _ := strings.Cut(strings.TrimPrefix(name, lasting), "_")
		created, err := strconv.ParseInt(hour, 10, 64)
		if strings.HasPrefix(name, lasting) && err == nil && time.Now().Unix()/3600-created > 2 {
			old = append(old, name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return old
}
