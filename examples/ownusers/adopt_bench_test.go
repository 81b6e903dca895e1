package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/notify"
)

// BenchmarkAdoption opens a PostgreSQL database with many users of the existing
// application, and lets clients log in as users drawn at random: first while no
// user is adopted, then while adoptAll adopts all of them.
//
//	ALLAUTH_TEST_USERS=1000000 go test -run - -bench Adoption -benchtime 1x -timeout 1h ./examples/ownusers
func BenchmarkAdoption(b *testing.B) {
	database := testserver.Postgres(b)
	if database == "" {
		b.Skip("there is no server")
	}
	count := testserver.Users(10_000)
	before, err := sql.Open("pgx", database)
	if err != nil {
		b.Fatal(err)
	}
	for _, statement := range []string{schema, fmt.Sprintf(`INSERT INTO users (id, email, password_hash, name, created_at)
		SELECT gen_random_uuid(), 'User' || n || '@example.org', '%s', 'user ' || n, now() FROM generate_series(0, %d) AS n`, hash(), count-1), `ANALYZE users`} {
		if _, err := before.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
	if err := before.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		begin := time.Now()
		db, store, err := open(b.Context(), database)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(begin).Seconds(), "open-s") // the two indexes and the library's tables
		db.SetMaxOpenConns(20)
		db.SetMaxIdleConns(20)
		auth, err := allauth.New(allauth.Config{
			BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{Writer: io.Discard},
			Account: account.Config{EmailVerification: authn.VerificationNone, PasswordHash: clienttest.Cheap()},
			Logger:  slog.New(slog.DiscardHandler),
		}, store)
		if err != nil {
			b.Fatal(err)
		}
		crowd := &crowd{auth: auth, users: count}
		begin = time.Now()
		crowd.logIn(b)
		b.ReportMetric(time.Since(begin).Seconds()*1e3, "first-login-ms")
		crowd.report(b, "before", func() { time.Sleep(20 * time.Second) })
		adopted := 0
		begin = time.Now()
		crowd.report(b, "during", func() {
			if adopted, err = store.adoptAll(b.Context()); err != nil {
				b.Error(err)
			}
		})
		b.ReportMetric(time.Since(begin).Seconds(), "adoption-s")
		b.ReportMetric(float64(adopted), "adopted")
		crowd.report(b, "after", func() { time.Sleep(20 * time.Second) })
		if err := auth.Close(context.Background()); err != nil {
			b.Error(err)
		}
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}
}

// crowd are clients that log in.
type crowd struct {
	auth   http.Handler
	users  int
	logins atomic.Int64
}

// logIn logs a user in from an address of its own.
func (c *crowd) logIn(b *testing.B) time.Duration {
	b.Helper()
	n := c.logins.Add(1)
	body := fmt.Sprintf(`{"email":"user%d@example.org","password":%q}`, rand.IntN(c.users), clienttest.Password)
	r := httptest.NewRequest(http.MethodPost, "/_allauth/app/v1/auth/login", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1234", n>>16&255, n>>8&255, n&255)
	w := httptest.NewRecorder()
	begin := time.Now()
	c.auth.ServeHTTP(w, r)
	took := time.Since(begin)
	if w.Code != http.StatusOK {
		b.Errorf("login: %d %s", w.Code, w.Body)
	}
	return took
}

// report reports how long logins of four clients at once take while f runs.
func (c *crowd) report(b *testing.B, what string, f func()) {
	b.Helper()
	done := make(chan struct{})
	times := make([][]time.Duration, 4)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					times[i] = append(times[i], c.logIn(b))
				}
			}
		})
	}
	f()
	close(done)
	all.Wait()
	list := slices.Concat(times...)
	slices.Sort(list)
	b.ReportMetric(float64(len(list)), what+"-logins")
	for name, part := range map[string]float64{"median": 0.5, "p99": 0.99, "max": 1} {
		at := min(int(part*float64(len(list))), len(list)-1)
		b.ReportMetric(list[at].Seconds()*1e3, what+"-"+name+"-ms")
	}
}
