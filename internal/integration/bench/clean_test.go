package bench_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// expired writes rows that have expired, with random keys as the library's are.
var expired = []string{
	`INSERT INTO allauth_sessions (token_hash, kind, user_id, auth_hash, ip, user_agent, created_at, last_seen_at, expires_at)
		SELECT lower(hex(randomblob(32))), 'app', CAST(n AS TEXT), '', '::1', 'a browser', n, n, n FROM %s`,
	`INSERT INTO allauth_challenges (id, purpose, user_id, subject, hash, attempts, max_attempts, resends, changes, created_at, expires_at)
		SELECT lower(hex(randomblob(16))), 'x', CAST(n AS TEXT), '', randomblob(32), 0, 3, 0, 0, n, n FROM %s`,
	`INSERT INTO allauth_rate_limits (id, hits, expires_at) SELECT lower(hex(randomblob(32))), '[]', n FROM %s`,
}

// BenchmarkLoginDuringClean times logins on SQLite, where one transaction writes
// at a time, first alone, then while the rows of many users are deleted.
func BenchmarkLoginDuringClean(b *testing.B) {
	store, db := openSQL(b, "sqlite", sqlstore.SQLiteDSN(filepath.Join(b.TempDir(), "bench.db")), sqlstore.SQLite)
	numbers := fmt.Sprintf(`(WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < %d) SELECT n FROM r) AS numbers`, testserver.Users(100_000))
	for _, statement := range expired {
		if _, err := db.Exec(fmt.Sprintf(statement, numbers)); err != nil {
			b.Fatal(err)
		}
	}
	auth := newAuth(b, store, nil)
	var requests []func() *http.Request
	for i := range 200 {
		requests = append(requests, loginRequest(b, auth, clienttest.App, addUser(b, auth, fmt.Sprintf("user%d", i))))
	}
	logins := 0
	login := func() time.Duration {
		r := requests[logins%len(requests)]()
		r.RemoteAddr = address(logins)
		logins++
		w := &discard{header: http.Header{}}
		begin := time.Now()
		auth.ServeHTTP(w, r)
		took := time.Since(begin)
		if err := expectOK(w.status); err != nil {
			b.Fatal(err)
		}
		return took
	}
	login() // prepares the statements
	report := func(what string, times []time.Duration) {
		b.ReportMetric(quantile(times, 0.5).Seconds()*1e3, what+"-median-ms")
		b.ReportMetric(quantile(times, 0.99).Seconds()*1e3, what+"-p99-ms")
		b.ReportMetric(quantile(times, 0.999).Seconds()*1e3, what+"-p99.9-ms")
		b.ReportMetric(quantile(times, 1).Seconds()*1e3, what+"-max-ms")
	}
	for b.Loop() {
		var alone, during []time.Duration
		for range 5000 {
			alone = append(alone, login())
		}
		cleaned := make(chan error, 1)
		begin := time.Now()
		go func() { cleaned <- auth.Clean(b.Context()) }()
		for running := true; running; {
			select {
			case err := <-cleaned:
				if err != nil {
					b.Fatal(err)
				}
				running = false
			default:
				during = append(during, login())
			}
		}
		b.ReportMetric(time.Since(begin).Seconds(), "clean-s")
		b.ReportMetric(float64(len(during)), "logins")
		report("alone", alone)
		report("during", during)
	}
}
