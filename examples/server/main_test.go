package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/smtpsink"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// asServer makes the test binary run as the server, so that tests can start it as
// a process and kill it.
const asServer = "ALLAUTH_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a running server.
type process struct {
	url     string
	command *exec.Cmd
}

// startServer starts a server with the configuration and waits until it answers.
func startServer(t testing.TB, config map[string]any) *process {
	t.Helper()
	return startServerOn(t, config, "127.0.0.1:0")
}

// startServerOn is startServer with an address.
func startServerOn(t testing.TB, config map[string]any, addr string) *process {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{command: exec.Command(binary, "-config", path, "-addr", addr)}
	p.command.Env = append(os.Environ(), asServer+"=1")
	output, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(output)
	var printed strings.Builder
	for p.url == "" && lines.Scan() {
		printed.WriteString(lines.Text() + "\n")
		if _, address, found := strings.Cut(lines.Text(), "listening address="); found {
			p.url = "http://" + address
		}
	}
	if p.url == "" {
		t.Fatalf("the server does not listen: %s", &printed)
	}
	go func() { _, _ = io.Copy(io.Discard, output) }() // it must not block
	return p
}

// kill ends the server as a power failure would.
func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	_ = p.command.Wait()         // it was killed
}

// post sends JSON and returns the status and the body.
func (p *process) post(t *testing.T, endpoint string, body map[string]any) (int, string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(p.url+"/_allauth/app/v1/"+endpoint, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func configFor(t testing.TB, sink *smtpsink.Sink) map[string]any {
	return map[string]any{
		"base_url":      "http://localhost:8080",
		"secret_key":    "0123456789abcdef0123456789abcdef",
		"database":      "sqlite://" + filepath.Join(t.TempDir(), "test.db"),
		"rate_limits":   false,
		"mail":          map[string]any{"smtp_addr": sink.Addr, "from": "hello@example.org"},
		"password_hash": map[string]any{"memory_kib": 64, "iterations": 1, "parallelism": 1},
	}
}

const testPassword = "Tr0ub4dor-and-3-horses"

// The mail server is down, the server is killed, and both are started again: the
// mail arrives once, and the response was the same.
func TestAMailSurvivesAnOutageAndAPowerCut(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t)
	config := configFor(t, sink)
	server := startServer(t, config)
	signUp := func(email string) string {
		t.Helper()
		status, answer := server.post(t, "auth/signup", map[string]any{"email": email, "password": testPassword})
		if status != http.StatusUnauthorized {
			t.Fatalf("sign-up: status %d: %s", status, answer)
		}
		return answer
	}
	good := withoutSession(t, signUp("good-day@example.org"))
	sink.Wait(t, "good-day@example.org", 1)
	awaitEmptyOutbox(t, config["database"].(string))

	sink.Down()
	if bad := withoutSession(t, signUp("bad-day@example.org")); bad != good {
		t.Errorf("the answer is %s without a mail server, %s with one", bad, good)
	}
	server.kill()
	server = startServer(t, config)
	sink.Up(t)
	mail := sink.Wait(t, "bad-day@example.org", 1)[0]
	if status, answer := server.post(t, "auth/email/verify", map[string]any{"key": keyOf(mail)}); status != http.StatusUnauthorized {
		t.Errorf("the key that came late: status %d: %s", status, answer)
	}
	if n := len(sink.Mails("good-day@example.org")); n != 1 {
		t.Errorf("the first mail came %d times", n)
	}
}

// Requests do not wait for a mail server that does not answer.
func TestASlowMailServerDelaysNoAnswer(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t)
	server := startServer(t, configFor(t, sink))
	sink.Delay(time.Hour)
	for i := range 10 {
		email := fmt.Sprintf("user%d@example.org", i)
		if status, answer := server.post(t, "auth/signup", map[string]any{"email": email, "password": testPassword}); status != http.StatusUnauthorized {
			t.Fatalf("sign-up: status %d: %s", status, answer)
		}
	}
	// All requests were answered before the mail server has.
	sink.Delay(0)
	sink.Down()
	sink.Up(t)
	for i := range 10 {
		sink.Wait(t, fmt.Sprintf("user%d@example.org", i), 1)
	}
}

// The response does not tell that a mail was refused, and the mail is not sent
// again.
func TestARefusedAddressIsNotTold(t *testing.T) {
	t.Parallel()
	sink := smtpsink.Start(t)
	server := startServer(t, configFor(t, sink))
	sink.RejectRecipient("refused@example.org")
	var answers []string
	for _, email := range []string{"refused@example.org", "accepted@example.org"} {
		status, answer := server.post(t, "auth/signup", map[string]any{"email": email, "password": testPassword})
		answers = append(answers, fmt.Sprint(status, withoutSession(t, answer)))
	}
	if answers[0] != answers[1] {
		t.Errorf("a refused address is answered with %s, another with %s", answers[0], answers[1])
	}
	sink.Wait(t, "accepted@example.org", 1)
}

// awaitEmptyOutbox waits until the server has recorded what it delivered.
func awaitEmptyOutbox(t *testing.T, database string) {
	t.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(strings.TrimPrefix(database, "sqlite://")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it was only read
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		var left int
		if err := db.QueryRow(`SELECT COUNT(*) FROM allauth_outbox`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
	}
	t.Fatal("the outbox is not empty")
}

func withoutSession(t *testing.T, answer string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(answer), &members); err != nil {
		t.Fatalf("%q: %v", answer, err)
	}
	if meta, ok := members["meta"].(map[string]any); ok {
		delete(meta, "session_token")
	}
	return fmt.Sprint(members)
}

// keyOf returns the key of the link in a mail.
func keyOf(mail smtpsink.Mail) string {
	key, err := url.PathUnescape(mail.Link(`/account/verify-email/(\S+)`))
	if err != nil {
		return ""
	}
	return key
}
