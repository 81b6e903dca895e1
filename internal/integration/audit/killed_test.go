package audit_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// childVariable holds the settings of the server that a test runs in a process of its
// own.
const childVariable = "ALLAUTH_TEST_AUDIT_CHILD"

type child struct {
	Database, Webhook string
	// Ahead is how much the clock of the process is ahead.
	Ahead time.Duration
}

// TestChildServer is no test: TestNothingIsLostByKill runs it in another process.
func TestChildServer(t *testing.T) {
	settings := os.Getenv(childVariable)
	if settings == "" {
		t.Skip("it is run by another test")
	}
	var c child
	if err := json.Unmarshal([]byte(settings), &c); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(c.Database))
	if err != nil {
		t.Fatal(err)
	}
	store := sqlstore.New(db, sqlstore.SQLite)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	cfg := allauth.Config{
		BaseURL: url, Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{Writer: io.Discard},
		Audit:             &audit.Config{Webhooks: []audit.Webhook{{URL: c.Webhook, Secrets: []string{newSecret}}}},
		DisableRateLimits: true,
		Now:               func() time.Time { return time.Now().UTC().Truncate(time.Microsecond).Add(c.Ahead) },
	}
	cfg.Account.PasswordHash = clienttest.Cheap()
	auth, err := allauth.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("listening", url)
	server := &http.Server{Handler: auth, ReadHeaderTimeout: time.Minute}
	t.Fatal(server.Serve(listener)) // until it is killed
}

// startChild starts the server and returns its URL, and a function that kills it.
func startChild(t *testing.T, c child) (url string, kill func()) {
	t.Helper()
	settings, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildServer$", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"="+string(settings))
	output, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill() // SIGKILL; an error means that it has ended
		_ = cmd.Wait()         // it was killed
	}
	t.Cleanup(kill)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if _, found, ok := strings.Cut(lines.Text(), "listening "); ok {
			return found, kill
		}
	}
	t.Fatalf("the server did not start: %v", lines.Err())
	return "", nil
}

// signUp signs up and reports whether the server confirmed it.
func signUp(ctx context.Context, url, email string) bool {
	text := fmt.Sprintf(`{"email": %q, "password": %q}`, email, clienttest.Password)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/_allauth/app/v1/auth/signup", strings.NewReader(text))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false // the server was killed
	}
	_ = response.Body.Close() // only the status counts
	return response.StatusCode == http.StatusUnauthorized
}

// A server is killed while it serves sign-ups and its receiver does not answer. The next
// one delivers every event of what was committed, and none of anything else.
func TestNothingIsLostByKill(t *testing.T) {
	t.Parallel()
	hook, goOn := newReceiver(t), make(chan struct{})
	hook.answers(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-goOn:
		case <-r.Context().Done():
		}
	})
	path := filepath.Join(t.TempDir(), "test.db")
	var confirmed atomic.Int64
	for round := range 4 {
		url, kill := startChild(t, child{Database: path, Webhook: hook.URL})
		enough := int64(5*round + 3)
		inRound := atomic.Int64{}
		clienttest.Parallel(8, func(i int) {
			for n := range 10 {
				if !signUp(t.Context(), url, fmt.Sprintf("user-%d-%d-%d@example.org", round, i, n)) {
					return
				}
				confirmed.Add(1)
				if inRound.Add(1) == enough {
					kill() // others are in flight
				}
			}
		})
		kill()
	}
	close(goOn)
	for len(hook.arrived) > 0 { // without an answer
		<-hook.arrived
	}
	hook.answers(status(http.StatusNoContent))
	_, kill := startChild(t, child{Database: path, Webhook: hook.URL, Ahead: time.Hour})
	defer kill()

	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := sqlstore.New(db, sqlstore.SQLite).AuditEvents(t.Context(), audit.Filter{Limit: 1000})
	if err != nil || int64(len(rows)) < confirmed.Load() || confirmed.Load() < 4*3 {
		t.Fatalf("%d events of %d sign-ups that the server confirmed, %v", len(rows), confirmed.Load(), err)
	}
	committed := map[string]bool{}
	for _, row := range rows {
		committed[row.ID] = true
	}
	for id, d := range hook.take(t, len(rows)) {
		if !committed[id] || !d.verifyAtAnyTime(t, newSecret) {
			t.Errorf("it received %s", d.body)
		}
	}
	t.Logf("%d sign-ups were confirmed, %d events were stored and delivered", confirmed.Load(), len(rows))
}
