package sqlstore

import (
	"database/sql"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Dialect describes a kind of database.
type Dialect struct {
	name string
	// numbered is true if placeholders are $1, $2, …
	numbered bool
	// ignoreConflict ends an INSERT that skips rows that violate a unique
	// constraint. It is empty if the failed INSERT leaves the transaction usable.
	ignoreConflict string
	// collate follows a text that is compared byte by byte.
	collate string
	// inOrder joins a table after those before it. A database that chooses the order
	// itself may read all users before it looks at a prefix.
	inOrder string
	// returning is true if an UPDATE can return the rows that it changed.
	returning bool
	// forUpdate locks the rows that a SELECT reads.
	forUpdate string
	// lockExisting ends an INSERT that locks the row with that user_id if it
	// exists.
	lockExisting string
	// swap ends an INSERT into rate_limits that replaces the rows for which
	// {unchanged} is true. Other rows are not changed and not counted, or cause
	// an error (see isOutOfRange) that undoes the statement.
	swap string
	// lockedInOrder selects the rows of rate_limits with {ids}, and locks them in
	// the order of their ids.
	lockedInOrder string
	// isolation is the isolation level of transactions: after waiting for another
	// transaction, a statement sees what that one committed.
	isolation sql.IsolationLevel
	// sessionUser compares the numeric id of a row u of users with the text in
	// the column user_id of a row s of sessions, which need not be a number.
	sessionUser string
	// plainText is true if a text must be UTF-8 without zero bytes.
	plainText bool
	// lock and unlock prevent two servers from migrating at the same time. lock
	// returns 1.
	lock, unlock string
	// clock selects the time in microseconds since the epoch, or 0 if the database has
	// the clock of the server.
	clock string
	// clean deletes a number of rows of a table for which {expired} is true.
	clean string
}

// The supported databases.
var (
	// SQLite, from 3.35.
	SQLite = Dialect{
		name: "sqlite", returning: true, inOrder: "CROSS JOIN", sessionUser: `u.id = CAST(s.user_id AS INTEGER) AND CAST(u.id AS TEXT) = s.user_id`,
		ignoreConflict: " ON CONFLICT DO NOTHING", lockExisting: "ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id",
		swap:          " ON CONFLICT (id) DO UPDATE SET hits = excluded.hits, expires_at = excluded.expires_at WHERE {unchanged}",
		lockedInOrder: "id IN ({ids})",
		clock:         `SELECT 0`,
		clean:         `DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {expired} ORDER BY expires_at LIMIT ?)`,
	}
	// Postgres is PostgreSQL, from 13.
	Postgres = Dialect{
		name: "postgres", returning: true, inOrder: "JOIN", collate: ` COLLATE "C"`, sessionUser: `u.id = CASE WHEN s.user_id ~ '^[1-9][0-9]{0,17}$' THEN s.user_id::bigint END`,
		numbered: true, ignoreConflict: " ON CONFLICT DO NOTHING", forUpdate: "FOR UPDATE",
		lockExisting:  "ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id",
		swap:          " ON CONFLICT (id) DO UPDATE SET hits = excluded.hits, expires_at = excluded.expires_at WHERE {unchanged}",
		lockedInOrder: "id = ANY (ARRAY (SELECT id FROM {rate_limits} WHERE id IN ({ids}) ORDER BY id FOR UPDATE))",
		isolation:     sql.LevelReadCommitted, plainText: true,
		lock:   "SELECT 1 FROM (SELECT pg_advisory_lock(7205759403792793)) AS locked",
		unlock: "SELECT pg_advisory_unlock(7205759403792793)",
		clock:  "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
		// An array is selected once; the rows of IN may be selected again for
		// each row, which defeats the limit.
		clean: `DELETE FROM {table} WHERE id = ANY (ARRAY (SELECT id FROM {table} WHERE {expired} ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED))`,
	}
	// MySQL is MySQL from 8.0 and MariaDB from 10.6.
	MySQL = Dialect{
		name: "mysql", inOrder: "STRAIGHT_JOIN", sessionUser: `u.id = CAST(s.user_id AS SIGNED) AND CAST(u.id AS CHAR) = s.user_id`,
		forUpdate: "FOR UPDATE", isolation: sql.LevelReadCommitted,
		lockExisting: "ON DUPLICATE KEY UPDATE user_id = user_id",
		// The sum is out of range for any row. MySQL finds the rows by the
		// primary key, in its order.
		swap:          " ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at), hits = IF({unchanged}, VALUES(hits), ~0 + LENGTH({rate_limits}.hits))",
		lockedInOrder: "id IN ({ids})",
		lock:          "SELECT GET_LOCK('allauth_migrate', 300)", unlock: "DO RELEASE_LOCK('allauth_migrate')",
		clock: "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)",
		clean: `DELETE FROM {table} WHERE {expired} ORDER BY expires_at LIMIT ?`,
	}
)

// storable reports whether the database can store all texts among the values. A
// text that it cannot store is in no row.
func (d Dialect) storable(values []any) bool {
	if !d.plainText {
		return true
	}
	for _, value := range values {
		if text, ok := value.(string); ok && (strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text)) {
			return false
		}
	}
	return true
}

// freeText returns a text for display without the characters that the database
// cannot store.
func (d Dialect) freeText(text string) string {
	if !d.plainText {
		return text
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}

func (d Dialect) placeholders(query string) string {
	if !d.numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

// SQLiteDSN returns the data source name with which modernc.org/sqlite opens the
// file as this package requires. The path ":memory:" is a database in memory. The
// write-ahead log shrinks to 64 MiB after a large transaction.
func SQLiteDSN(path string) string {
	options := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "journal_size_limit(67108864)"},
		"_txlock": {"immediate"},
	}
	if path == ":memory:" {
		return path + "?" + options.Encode()
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options.Encode()
}
