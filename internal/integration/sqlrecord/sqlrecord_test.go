package sqlrecord_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/allauth-go/allauth/internal/integration/sqlrecord"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// everywhere runs the test on each database that there is.
func everywhere(t *testing.T, test func(t *testing.T, db *sql.DB)) {
	for driver, source := range map[string]func(t testing.TB) string{
		"sqlite": func(t testing.TB) string { return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db")) },
		"pgx":    testserver.Postgres,
		"mysql":  testserver.MySQL,
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			if source := source(t); source != "" {
				test(t, sqlrecord.Open(t, driver, source))
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRecordsWhatTheContextCarries(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, db *sql.DB) {
		_, err := db.ExecContext(t.Context(), "CREATE TABLE things (n INTEGER)")
		must(t, err)
		ctx, recording := sqlrecord.Record(t.Context())
		tx, err := db.BeginTx(ctx, nil)
		must(t, err)
		_, err = tx.ExecContext(ctx, "SAVEPOINT allauth_12")
		must(t, err)
		insert, err := tx.PrepareContext(ctx, "INSERT INTO things (n)\n\tVALUES (1), (2)")
		must(t, err)
		_, err = insert.ExecContext(ctx)
		must(t, err)
		_, err = tx.ExecContext(ctx, "RELEASE SAVEPOINT allauth_12")
		must(t, err)
		must(t, tx.Commit())
		var n int
		must(t, db.QueryRowContext(ctx, "SELECT COUNT(*) FROM things").Scan(&n))
		must(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM things").Scan(&n))
		tx, err = db.BeginTx(ctx, nil)
		must(t, err)
		must(t, tx.Rollback())

		statements := recording.Statements()
		want := "BEGIN;SAVEPOINT allauth_N;INSERT INTO things (n) VALUES (1), (2);RELEASE SAVEPOINT allauth_N;COMMIT;SELECT COUNT(*) FROM things;BEGIN;ROLLBACK"
		var got []string
		for _, one := range statements {
			got = append(got, one.SQL)
		}
		if n != 2 || strings.Join(got, ";") != want {
			t.Errorf("%d rows, recorded %q", n, got)
		}
		if rows := statements.Written(); rows != 2 {
			t.Errorf("%d rows written", rows)
		}
		if runs := len(statements.Running("things")); runs != 2 {
			t.Errorf("%d statements on the table", runs)
		}
	})
}

func TestRequestsAreRecordedApart(t *testing.T) {
	t.Parallel()
	db := sqlrecord.Open(t, "sqlite", ":memory:")
	requests := sqlrecord.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := db.ExecContext(context.WithoutCancel(r.Context()), "SELECT "+r.URL.Query().Get("n")); err != nil {
			t.Error(err)
		}
	}))
	for _, n := range []string{"1", "2"} {
		requests.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/?n="+n, nil))
		if last := requests.Last(); len(last) != 1 || last[0].SQL != "SELECT "+n {
			t.Errorf("recorded %v", last)
		}
	}
}

func TestDiffNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	one := sqlrecord.Statements{{SQL: "A", Rows: 1}, {SQL: "B"}, {SQL: "B"}}
	other := sqlrecord.Statements{{SQL: "B"}, {SQL: "A", Rows: 1}, {SQL: "B"}}
	if diff := sqlrecord.Diff(one, other); diff != "" {
		t.Errorf("another order is told:\n%s", diff)
	}
	other = sqlrecord.Statements{{SQL: "A", Rows: 2}, {SQL: "B"}, {SQL: "C"}}
	want := "1 against 1 runs, 1 against 2 rows: A\n2 against 1 runs, 0 against 0 rows: B\n0 against 1 runs, 0 against 0 rows: C"
	if diff := sqlrecord.Diff(one, other); diff != want {
		t.Errorf("got\n%s", diff)
	}
}
