package storage_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// signUps signs up users concurrently until it is stopped.
type signUps struct {
	mu       sync.Mutex
	statuses map[int]int
	accepted []string
	stop     chan struct{}
	group    sync.WaitGroup
}

func startSignUps(s *clienttest.Server) *signUps {
	u := &signUps{statuses: map[int]int{}, stop: make(chan struct{})}
	for worker := range 4 {
		u.group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-u.stop:
					return
				default:
				}
				email := fmt.Sprintf("user%d.%d@example.org", worker, n)
				answer := s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": email, "password": clienttest.Password})
				u.mu.Lock()
				u.statuses[answer.StatusCode]++
				if answer.StatusCode == http.StatusUnauthorized {
					u.accepted = append(u.accepted, email)
				}
				u.mu.Unlock()
				if answer.StatusCode == http.StatusServiceUnavailable {
					time.Sleep(10 * time.Millisecond) // a client waits, if less than it was asked to
				}
			}
		})
	}
	return u
}

// count returns how many responses had the status so far.
func (u *signUps) count(status int) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.statuses[status]
}

// await waits until more responses have the status.
func (u *signUps) await(t *testing.T, status int) {
	t.Helper()
	want := u.count(status) + 20
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if u.count(status) >= want {
			return
		}
	}
	t.Fatalf("no more answers with status %d: %v", status, u.statuses)
}

// outage kills a server that accounts depend on during sign-ups, and starts it
// again.
func outage(t *testing.T, s *clienttest.Server, process *testserver.Process) *signUps {
	t.Helper()
	u := startSignUps(s)
	for range 2 {
		u.await(t, http.StatusUnauthorized)
		process.Kill()
		u.await(t, http.StatusServiceUnavailable)
		answer := s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": "eve@example.org", "password": clienttest.Password}).Status(503)
		if answer.Header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to try again")
		}
		process.Start()
		u.await(t, http.StatusUnauthorized) // without a restart of our server
	}
	close(u.stop)
	u.group.Wait()
	for status := range u.statuses {
		if status != http.StatusUnauthorized && status != http.StatusServiceUnavailable {
			t.Errorf("answers have the status %d: %v", status, u.statuses)
		}
	}
	return u
}

// The database is killed twice during sign-ups: responses are 503 meanwhile,
// nothing that was accepted is lost, and no account is stored in part.
func TestTheDatabaseIsKilled(t *testing.T) {
	t.Parallel()
	for _, server := range []struct {
		driver  string
		dialect sqlstore.Dialect
		start   func(t testing.TB) *testserver.Process
		text    string // how an id is made a text
	}{
		{"pgx", sqlstore.Postgres, testserver.OwnPostgres, "CAST(u.id AS TEXT)"},
		{"mysql", sqlstore.MySQL, testserver.OwnMariaDB, "CAST(u.id AS CHAR)"},
	} {
		t.Run(server.driver, func(t *testing.T) {
			t.Parallel()
			process := server.start(t)
			if process == nil {
				return
			}
			s := clienttest.StartOn(t, connectSQL(t, server.driver, process.Source, server.dialect))
			ann := s.SignUp(clienttest.App, "ann@example.org")
			u := outage(t, s, process)
			ann.Get("auth/session").LoggedIn("ann@example.org")
			for i, email := range u.accepted {
				if i%10 == 0 {
					s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": email, "password": clienttest.Password}).Status(401).Pending("verify_email")
				}
			}
			db, err := sql.Open(server.driver, process.Source)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			for _, query := range []string{
				`SELECT COUNT(*) FROM allauth_users u WHERE NOT EXISTS (SELECT 1 FROM allauth_emails e WHERE e.user_id = ` + server.text + `)`,
				`SELECT COUNT(*) FROM allauth_users u WHERE NOT EXISTS (SELECT 1 FROM allauth_passwords p WHERE p.user_id = ` + server.text + `)`,
				`SELECT COUNT(*) FROM allauth_emails e WHERE NOT EXISTS (SELECT 1 FROM allauth_users u WHERE e.user_id = ` + server.text + `)`,
				`SELECT COUNT(*) FROM allauth_passwords p WHERE NOT EXISTS (SELECT 1 FROM allauth_users u WHERE p.user_id = ` + server.text + `)`,
			} {
				var half int
				if err := db.QueryRow(query).Scan(&half); err != nil || half != 0 {
					t.Errorf("%d half-written accounts, %v: %s", half, err, query)
				}
			}
		})
	}
}

// Redis is killed twice and is empty afterwards: responses are 503 meanwhile, and
// users log in again.
func TestRedisIsKilled(t *testing.T) {
	t.Parallel()
	process := testserver.OwnRedis(t)
	if process == nil {
		return
	}
	cache := connectRedis(t, process.Source+"?max_retries=-1", "outage:") // which would take seconds
	base := memstore.New()
	store := storage.Compose(base, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
	s := clienttest.StartOn(t, store)
	ann := s.SignUp(clienttest.App, "ann@example.org")
	outage(t, s, process)
	if answer := ann.Get("auth/session"); answer.StatusCode != 401 && answer.StatusCode != 410 {
		t.Errorf("a session that Redis lost: status %d", answer.StatusCode)
	}
	s.LogIn(clienttest.App, "ann@example.org")
}
