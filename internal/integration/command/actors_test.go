package command_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	_ "modernc.org/sqlite"             // the driver named "sqlite"

	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// assertActors expects events in the database by each of the actors.
func assertActors(t *testing.T, database string, want ...string) {
	t.Helper()
	driver, source, dialect := "pgx", database, sqlstore.Postgres
	if path, found := strings.CutPrefix(database, "sqlite:"); found {
		driver, source, dialect = "sqlite", sqlstore.SQLiteDSN(path), sqlstore.SQLite
	}
	if rest, found := strings.CutPrefix(database, "mysql://"); found {
		user, place, _ := strings.Cut(rest, "@")
		host, name, _ := strings.Cut(place, "/")
		driver, source, dialect = "mysql", user+"@tcp("+host+")/"+name, sqlstore.MySQL
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it was only read
	rows, err := sqlstore.New(db, dialect).AuditEvents(t.Context(), audit.Filter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var actors []string
	for _, row := range rows {
		actors = append(actors, row.ActorID)
	}
	for _, actor := range want {
		if !slices.Contains(actors, actor) {
			t.Errorf("events are by %q, none by %s", actors, actor)
		}
	}
}
