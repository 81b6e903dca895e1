package django

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage/djangostore"
)

// BenchmarkInspect looks at the users of a site, of whom there are ALLAUTH_TEST_USERS, and
// reports the memory that is in use at most.
func BenchmarkInspect(b *testing.B) {
	for _, s := range []site{{"sqlite", "integer"}, {"postgres", "integer"}} {
		b.Run(s.database, func(b *testing.B) {
			db, store := s.open(b)
			n := testserver.Users(10_000)
			series := `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) `
			now, data := `'2026-01-01 00:00:00'`, `'{"secret": "x:GBgYGBgYGBgYGBgYGBgYGA=="}'`
			if s.database == "postgres" { // it wants the types of values
				now, data = `CAST(`+now+` AS timestamptz)`, `CAST(`+data+` AS jsonb)`
			}
			for _, statement := range []string{
				`INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
					SELECT n, 'pbkdf2_sha256$1000000$salt' || n || '$uTmBdPlUNpfU8SUe0Ow7PuBgfsuWJ1cOHQ1oXPv3Ugg=', FALSE, 'user' || n, '', '', 'user' || n || '@example.com', FALSE, TRUE, ` + now + ` FROM s`,
				`INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT n, 'user' || n || '@example.com', TRUE, TRUE FROM s`,
				`INSERT INTO mfa_authenticator (user_id, type, data, created_at) SELECT n, 'totp', ` + data + `, ` + now + ` FROM s`,
			} {
				if _, err := db.Exec(fmt.Sprintf(series, n) + statement); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := db.Exec("ANALYZE"); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for b.Loop() {
				highest := make(chan uint64)
				done := make(chan struct{})
				go func() { highest <- heap(done) }()
				found := 0
				if err := store.Inspect(b.Context(), func(djangostore.Finding) error { found++; return nil }); err != nil {
					b.Fatal(err)
				}
				if err := store.Adopt(b.Context()); err != nil {
					b.Fatal(err)
				}
				close(done)
				b.ReportMetric(float64(<-highest)/(1<<20), "MiB-heap")
				b.ReportMetric(float64(n), "users")
				if found != 0 {
					b.Errorf("Inspect found %d things", found)
				}
			}
		})
	}
}

// heap returns the largest size of the heap until done.
func heap(done chan struct{}) (highest uint64) {
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		highest = max(highest, m.HeapAlloc)
		select {
		case <-done:
			return highest
		case <-time.After(20 * time.Millisecond):
		}
	}
}
