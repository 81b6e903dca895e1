package sqlstore

import (
	"net/url"
	"strconv"
	"strings"
)

// Dialect is the kind of database.
type Dialect struct {
	name string
	// numbered is true where placeholders are $1, $2, …
	numbered bool
	// insertIgnore begins an INSERT that leaves out rows that would break a
	// unique rule, and ignoreConflict ends it.
	insertIgnore, ignoreConflict string
	// forUpdate locks the rows that a SELECT reads.
	forUpdate string
	// lock and unlock keep two servers from migrating at once.
	lock, unlock string
}

// The databases there are tables for.
var (
	// SQLite, from 3.35.
	SQLite = Dialect{name: "sqlite", insertIgnore: "INSERT", ignoreConflict: "ON CONFLICT DO NOTHING"}
	// Postgres is PostgreSQL, from 13.
	Postgres = Dialect{
		name: "postgres", numbered: true, insertIgnore: "INSERT", ignoreConflict: "ON CONFLICT DO NOTHING", forUpdate: "FOR UPDATE",
		lock: "SELECT pg_advisory_lock(7205759403792793)", unlock: "SELECT pg_advisory_unlock(7205759403792793)",
	}
	// MySQL is MySQL from 8.0 and MariaDB from 10.6.
	MySQL = Dialect{
		name: "mysql", insertIgnore: "INSERT IGNORE", forUpdate: "FOR UPDATE",
		lock: "SELECT GET_LOCK('allauth_migrate', 60)", unlock: "SELECT RELEASE_LOCK('allauth_migrate')",
	}
)

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

// SQLiteDSN returns the data source name under which modernc.org/sqlite opens
// the file as this package needs it. ":memory:" is a database in memory.
func SQLiteDSN(path string) string {
	options := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)"},
		"_txlock": {"immediate"},
	}
	if path == ":memory:" {
		return path + "?" + options.Encode()
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options.Encode()
}
