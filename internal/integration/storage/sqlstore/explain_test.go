package sqlstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// placeholder is where a value goes. Every column takes '1', but a limit is a
// number.
var placeholder = regexp.MustCompile(`(LIMIT )?(\?|\$\d+)`)

// withValues puts values in the place of placeholders.
func withValues(query string) string {
	return placeholder.ReplaceAllStringFunc(query, func(found string) string {
		if strings.HasPrefix(found, "LIMIT") {
			return "LIMIT 1"
		}
		return "'1'"
	})
}

// scans are the words of a plan that reads a whole table.
var scans = map[string]*regexp.Regexp{
	"sqlite": regexp.MustCompile(`SCAN allauth_`),
	"pgx":    regexp.MustCompile(`Seq Scan`),
	"mysql":  regexp.MustCompile(`\|(ALL|index)\|`),
}

// plan explains a query: one line for each step.
func plan(t testing.TB, db *sql.DB, driver, query string) string {
	t.Helper()
	explain := map[string]string{"sqlite": "EXPLAIN QUERY PLAN ", "pgx": "EXPLAIN ", "mysql": "EXPLAIN "}[driver]
	rows, err := db.Query(explain + query)
	if err != nil {
		t.Fatalf("%v in\n%s", err, query)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		values, targets := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			b.WriteString("|" + v.String)
		}
		b.WriteString("|\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// queries are those that look for rows, as the database takes them. What is run
// at start only is not among them.
type queries struct {
	mu   sync.Mutex
	list map[string]bool
}

var looking = regexp.MustCompile(`(?s)^(SELECT|UPDATE|DELETE)\b.*\ballauth_`)

// add is called before each statement of a store.
func (q *queries) add(_ context.Context, query string, _ bool) error {
	if looking.MatchString(query) && !strings.Contains(query, "allauth_migrations") {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.list[query] = true
	}
	return nil
}

// runAndExplain runs the kit on a new database, and asks the database how it finds
// the rows of every query that the store has made, among those of many users.
func runAndExplain(t *testing.T, driver string, users int) {
	t.Helper()
	source, dialect := newDatabase(t, driver)
	if source == "" {
		return
	}
	made := queries{list: map[string]bool{}}
	observed := teststore.Cable(t, driver, source, made.add)
	observed.SetMaxOpenConns(20)
	observed.SetMaxIdleConns(20)
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	runOn(t, sqlstore.New(observed, dialect), db, "allauth_")
	testserver.Populate(t, db, driver, users)
	if len(made.list) < 40 {
		t.Errorf("the kit made %d queries only", len(made.list))
	}
	for query := range made.list {
		if steps := plan(t, db, driver, withValues(query)); steps == "" || scans[driver].MatchString(steps) {
			t.Errorf("it reads a whole table for\n%s\n%s", query, steps)
		}
	}
	if steps := plan(t, db, driver, `SELECT id FROM allauth_sessions WHERE ip = '::2'`); !scans[driver].MatchString(steps) {
		t.Errorf("the test does not know the plan of a query without an index:\n%s", steps)
	}
}

// TestCleanIsBounded deletes many expired rows, a batch at a time.
func TestCleanIsBounded(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "pgx", "mysql"} {
		var db *sql.DB
		var store *sqlstore.Store
		if driver == "sqlite" {
			db, store = openSQLite(t, filepath.Join(t.TempDir(), "test.db"))
		} else {
			var dialect sqlstore.Dialect
			if db, dialect = openServer(t, driver); db == nil {
				continue
			}
			store = sqlstore.New(db, dialect)
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		testserver.Populate(t, db, driver, 1000)
		total := 0
		for {
			n, err := store.Clean(t.Context(), time.UnixMicro(801), 150)
			if err != nil || n > 150 {
				t.Fatalf("%s: a batch of 150 deleted %d rows, %v", driver, n, err)
			}
			total += n
			if n < 150 {
				break
			}
		}
		if total != 5*800 {
			t.Errorf("%s: %d rows were deleted instead of %d", driver, total, 5*800)
		}
	}
}
