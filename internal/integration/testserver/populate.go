package testserver

import (
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Users is how many users a test or benchmark fills a database with:
// ALLAUTH_TEST_USERS, a million for a thorough run, or the other number.
func Users(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("ALLAUTH_TEST_USERS")); err == nil {
		return n
	}
	return otherwise
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
	`INSERT INTO allauth_rate_limits (id, hits, expires_at) SELECT CONCAT('bucket', n), '[]', n FROM %s`,
	`INSERT INTO allauth_deletions (user_id, requested_at, due_at) SELECT CONCAT(n, ''), n, n FROM %s`,
	`INSERT INTO allauth_user_locks (user_id) SELECT CONCAT(n, '') FROM %s`,
	`INSERT INTO allauth_refresh_tokens (id, session_id, user_id, spent_at, expires_at)
		SELECT CONCAT('token', n), CONCAT(n, ''), CONCAT(n, ''), 0, n FROM %s`,
	`INSERT INTO allauth_audit_events (id, name, created_at, user_id, actor_id, session_id, ip, user_agent, details, expires_at)
		SELECT CONCAT('event', n), 'account.user_logged_in', n, CONCAT(n, ''), CONCAT(n, ''), CONCAT(n, ''), '::1', '', '{}', n FROM %s`,
}

// numbers is a table of the numbers from 1 to %d, as each database makes one.
var numbers = map[string]string{
	"sqlite": `(WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < %d) SELECT n FROM r) AS numbers`,
	"pgx":    `(SELECT generate_series(1, %d) AS n) AS numbers`,
	"mysql":  `(SELECT seq AS n FROM seq_1_to_%d) AS numbers`,
}

// Populate writes n users with all that belongs to them into tables of sqlstore
// with the default prefix: user 7 is user7@example.com. driver is "sqlite",
// "pgx" or "mysql".
func Populate(t testing.TB, db *sql.DB, driver string, n int) {
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
		"mysql": "ANALYZE TABLE allauth_emails, allauth_sessions, allauth_challenges, allauth_outbox, allauth_social_accounts, allauth_refresh_tokens, allauth_phones, allauth_rate_limits, allauth_authenticators, allauth_user_locks, allauth_deletions, allauth_users, allauth_usernames, allauth_audit_events",
	}[driver]); err != nil {
		t.Fatal(err)
	}
}

var concat = regexp.MustCompile(`CONCAT\([^()]*\)`)
