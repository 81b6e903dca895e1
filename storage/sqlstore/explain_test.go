package sqlstore_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/storage/sqlstore"
)

// hotQueries are those that requests make, with values that occur.
var hotQueries = []string{
	`SELECT username FROM allauth_users WHERE id = 500`,
	`SELECT user_id FROM allauth_usernames WHERE name = 'name500'`,
	`SELECT hash FROM allauth_passwords WHERE user_id = '500'`,
	`SELECT email FROM allauth_emails WHERE user_id = '500' ORDER BY id`,
	`SELECT email FROM allauth_emails WHERE email = 'user500@example.com' ORDER BY verified DESC, id`,
	`UPDATE allauth_emails SET claim = NULL WHERE claim = 'user500@example.com' AND user_id <> '1'`,
	`SELECT number FROM allauth_phones WHERE user_id = '500'`,
	`SELECT user_id FROM allauth_phones WHERE number = '+15550000500'`,
	`SELECT subject FROM allauth_challenges WHERE id = 'challenge500'`,
	`UPDATE allauth_challenges SET attempts = attempts + 1 WHERE id = 'challenge500' AND attempts < max_attempts`,
	`DELETE FROM allauth_challenges WHERE user_id = '500' AND purpose = 'x'`,
	`SELECT data FROM allauth_sessions WHERE token_hash = 'token500'`,
	`UPDATE allauth_sessions SET ip = '::1' WHERE id = 500`,
	`SELECT id FROM allauth_sessions WHERE user_id = '500' ORDER BY created_at, id`,
	`SELECT id FROM allauth_sessions WHERE expires_at < 500 ORDER BY expires_at LIMIT 100`,
	`SELECT id FROM allauth_challenges WHERE expires_at < 500 ORDER BY expires_at LIMIT 100`,
	`SELECT id FROM allauth_outbox WHERE not_before <= 500 ORDER BY not_before, id LIMIT 20`,
	`SELECT uid FROM allauth_social_accounts WHERE provider = 'p' AND uid = 'uid500'`,
	`SELECT uid FROM allauth_social_accounts WHERE user_id = '500' ORDER BY id`,
	`SELECT id FROM allauth_authenticators WHERE user_id = '500' ORDER BY id`,
	`SELECT id FROM allauth_authenticators WHERE claim = 'claim500'`,
	`SELECT spent_at FROM allauth_refresh_tokens WHERE id = 'token500'`,
	`SELECT id FROM allauth_refresh_tokens WHERE expires_at < 500 ORDER BY expires_at LIMIT 100`,
}

// scans are the words of a plan that reads a whole table.
var scans = map[string]*regexp.Regexp{
	"sqlite": regexp.MustCompile(`SCAN allauth_`),
	"pgx":    regexp.MustCompile(`Seq Scan`),
	"mysql":  regexp.MustCompile(`\|(ALL|index)\|`),
}

// fill writes users with all that belongs to them, in SQL: %s is a table of the
// numbers from 1 on, in the column n.
var fill = []string{
	`INSERT INTO allauth_users (id, username, display, extra, created_at) SELECT n, CONCAT('name', n), '', '{}', n FROM %s`,
	`INSERT INTO allauth_usernames (name, user_id) SELECT CONCAT('name', n), CONCAT(n, '') FROM %s`,
	`INSERT INTO allauth_passwords (user_id, hash) SELECT CONCAT(n, ''), 'hash' FROM %s`,
	`INSERT INTO allauth_emails (user_id, email, verified, is_primary, claim, created_at)
		SELECT CONCAT(n, ''), CONCAT('user', n, '@example.com'), (1=1), (1=1), CONCAT('user', n, '@example.com'), n FROM %s`,
	`INSERT INTO allauth_phones (user_id, number, verified, claim)
		SELECT CONCAT(n, ''), CONCAT('+1555', 10000000 + n), (1=1), CONCAT('+1555', 10000000 + n) FROM %s`,
	`INSERT INTO allauth_challenges (id, purpose, user_id, subject, hash, attempts, max_attempts, resends, changes, created_at, expires_at)
		SELECT CONCAT('challenge', n), 'x', CONCAT(n, ''), '', '', 0, 3, 0, 0, n, n FROM %s`,
	`INSERT INTO allauth_sessions (id, token_hash, kind, user_id, auth_hash, ip, user_agent, created_at, last_seen_at, expires_at)
		SELECT n, CONCAT('token', n), 'app', CONCAT(n, ''), '', '::1', '', n, n, n FROM %s`,
	`INSERT INTO allauth_outbox (id, channel, payload, attempts, created_at, not_before, expires_at)
		SELECT CONCAT('mail', n), 'mail', '', 0, n, n, n FROM %s`,
	`INSERT INTO allauth_social_accounts (user_id, provider, uid, extra_data, token, created_at, last_login)
		SELECT CONCAT(n, ''), 'p', CONCAT('uid', n), '{}', '', n, n FROM %s`,
	`INSERT INTO allauth_authenticators (user_id, type, name, claim, data, counter, version, created_at, last_used_at)
		SELECT CONCAT(n, ''), 'totp', '', CONCAT('claim', n), '', 0, 0, n, 0 FROM %s`,
	`INSERT INTO allauth_refresh_tokens (id, session_id, user_id, spent_at, expires_at)
		SELECT CONCAT('token', n), CONCAT(n, ''), CONCAT(n, ''), 0, n FROM %s`,
}

// numbers is a table of the numbers from 1 to %d, as each database makes one.
var numbers = map[string]string{
	"sqlite": `(WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < %d) SELECT n FROM r) AS numbers`,
	"pgx":    `(SELECT generate_series(1, %d) AS n) AS numbers`,
	"mysql":  `(SELECT seq AS n FROM seq_1_to_%d) AS numbers`,
}

// populate writes n users.
func populate(t testing.TB, db *sql.DB, driver string, n int) {
	t.Helper()
	source := fmt.Sprintf(numbers[driver], n)
	for _, statement := range fill {
		if driver == "sqlite" { // which may be older than its CONCAT
			statement = concat.ReplaceAllStringFunc(statement, func(call string) string {
				return "(" + strings.ReplaceAll(call[len("CONCAT("):len(call)-1], ",", " ||") + ")"
			})
		}
		if _, err := db.Exec(fmt.Sprintf(statement, source)); err != nil {
			t.Fatalf("%v in\n%s", err, statement)
		}
	}
	if _, err := db.Exec(map[string]string{
		"sqlite": "ANALYZE", "pgx": "ANALYZE",
		"mysql": "ANALYZE TABLE allauth_users, allauth_emails, allauth_sessions, allauth_challenges, allauth_outbox, allauth_social_accounts, allauth_refresh_tokens, allauth_phones, allauth_authenticators",
	}[driver]); err != nil {
		t.Fatal(err)
	}
}

var concat = regexp.MustCompile(`CONCAT\([^()]*\)`)

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

// users is how many users a test fills the servers' databases with:
// ALLAUTH_TEST_USERS, a million for a thorough run.
func users(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("ALLAUTH_TEST_USERS")); err == nil {
		return n
	}
	return otherwise
}

// TestHotQueriesUseIndexes asks each database how it finds the rows of the
// queries that requests make.
func TestHotQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	open := map[string]func() (*sql.DB, sqlstore.Dialect, int){
		"sqlite": func() (*sql.DB, sqlstore.Dialect, int) {
			db, _ := openSQLite(t, filepath.Join(t.TempDir(), "test.db"))
			return db, sqlstore.SQLite, 2000
		},
		"pgx": func() (*sql.DB, sqlstore.Dialect, int) {
			db, dialect := openServer(t, "pgx")
			return db, dialect, users(20_000)
		},
		"mysql": func() (*sql.DB, sqlstore.Dialect, int) {
			db, dialect := openServer(t, "mysql")
			return db, dialect, users(20_000)
		},
	}
	for driver, open := range open {
		db, dialect, n := open()
		if db == nil {
			continue
		}
		if err := sqlstore.New(db, dialect).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		populate(t, db, driver, n)
		for _, query := range hotQueries {
			if steps := plan(t, db, driver, query); steps == "" || scans[driver].MatchString(steps) {
				t.Errorf("%s reads a whole table for\n%s\n%s", driver, query, steps)
			}
		}
		if steps := plan(t, db, driver, `SELECT id FROM allauth_sessions WHERE ip = '::2'`); !scans[driver].MatchString(steps) {
			t.Errorf("%s: the test does not know the plan of a query without an index:\n%s", driver, steps)
		}
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
		populate(t, db, driver, 1000)
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
		if total != 3*800 {
			t.Errorf("%s: %d rows were deleted instead of %d", driver, total, 3*800)
		}
	}
}
