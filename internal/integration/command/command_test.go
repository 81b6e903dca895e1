package command_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth/internal/integration/testserver"
)

// folder has the binaries of the command and of the standalone server.
var folder string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if folder, err = os.MkdirTemp("", "allauth-command"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(folder) }()
		build := exec.Command("go", "build", "-o", folder, "github.com/allauth-go/allauth/cmd/allauth", "github.com/allauth-go/allauth/examples/server")
		if output, err := build.CombinedOutput(); err != nil {
			panic(string(output))
		}
		return m.Run()
	}())
}

// onEach runs a test on each kind of database, with a function that creates one.
func onEach(t *testing.T, test func(t *testing.T, create func(t *testing.T) string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "app.db") })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		if testserver.Postgres(t) == "" {
			t.Skip("there is no server")
		}
		test(t, func(t *testing.T) string { return testserver.Postgres(t) })
	})
	t.Run("MySQL", func(t *testing.T) {
		t.Parallel()
		if testserver.MySQL(t) == "" {
			t.Skip("there is no server")
		}
		test(t, func(t *testing.T) string {
			config, err := mysql.ParseDSN(testserver.MySQL(t))
			if err != nil {
				t.Fatal(err)
			}
			address := url.URL{Scheme: "mysql", User: url.UserPassword(config.User, config.Passwd), Host: config.Addr, Path: "/" + config.DBName}
			return address.String()
		})
	})
}

// site is an installation: a configuration file and its database.
type site struct {
	t      *testing.T
	config string
}

func newSite(t *testing.T, database string, more map[string]any) *site {
	t.Helper()
	config := map[string]any{
		"base_url": "http://localhost:8080", "secret_key": "5f2e1c9b7a3d4e8f6a0b1c2d3e4f5a6b" + filepath.Base(t.Name()), "database": database, "rate_limits": false,
		"password_hash": map[string]any{"memory_kib": 64, "iterations": 1, "parallelism": 1}, "mfa": map[string]any{}, "audit": map[string]any{},
	}
	for key, value := range more {
		config[key] = value
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "server.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &site{t, path}
}

// result is what a call of the command has printed, and its status.
type result struct {
	t              *testing.T
	status         int
	output, errors string
}

func call(t *testing.T, input string, args ...string) result {
	t.Helper()
	command := exec.Command(filepath.Join(folder, "allauth"), args...)
	var out, errs bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &out, &errs
	_ = command.Run() // the status says it
	return result{t, command.ProcessState.ExitCode(), out.String(), errs.String()}
}

// run calls the command with the configuration of the site, and expects it to succeed.
func (s *site) run(args ...string) result { return s.input("", args...) }

func (s *site) input(input string, args ...string) result {
	s.t.Helper()
	return call(s.t, input, append(args, "-config", s.config)...).ok()
}

// ok expects the call to have succeeded.
func (r result) ok() result {
	r.t.Helper()
	if r.status != 0 {
		r.t.Fatalf("status %d: %s%s", r.status, r.output, r.errors)
	}
	return r
}

// says expects what was printed to have all texts.
func (r result) says(texts ...string) result {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.output+r.errors, text) {
			r.t.Errorf("%q is not in: %s%s", text, r.output, r.errors)
		}
	}
	return r
}

// value decodes what was printed.
func (r result) value(v any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.output), v); err != nil {
		r.t.Fatalf("%s: %v", r.output, err)
	}
}

// server is a running standalone server.
type server struct {
	t   *testing.T
	url string
}

func (s *site) serve() *server {
	s.t.Helper()
	command := exec.Command(filepath.Join(folder, "server"), "-config", s.config, "-addr", "127.0.0.1:0")
	output, err := command.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended
		_ = command.Wait()         // it was killed
	})
	lines := bufio.NewScanner(output)
	var printed strings.Builder
	for lines.Scan() {
		printed.WriteString(lines.Text() + "\n")
		if _, address, found := strings.Cut(lines.Text(), "listening address="); found {
			go func() { _, _ = io.Copy(io.Discard, output) }() // it must not block
			return &server{s.t, "http://" + address}
		}
	}
	s.t.Fatalf("the server does not listen: %s", &printed)
	return nil
}

// ask sends a request of an app.
func (s *server) ask(method, endpoint, token string, body map[string]any) (int, map[string]any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequest(method, s.url+"/_allauth/app/v1/"+endpoint, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("X-Session-Token", token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, answer
}

// logIn logs in by password and returns the status and the session token.
func (s *server) logIn(email, password string) (int, string) {
	s.t.Helper()
	status, answer := s.ask(http.MethodPost, "auth/login", "", map[string]any{"email": email, "password": password})
	meta, _ := answer["meta"].(map[string]any)
	token, _ := meta["session_token"].(string)
	return status, token
}

const (
	password = "Tr0ub4dor-and-3-horses"
	secret   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	// secondFactor is the status of a login that waits for a code.
	secondFactor = http.StatusUnauthorized
)

const people = `{"id": "1001", "username": "ann", "emails": [{"address": "ann@example.org", "verified": true, "primary": true}, {"address": "ann@example.com"}], "extra": {"country": "NL"}}
{"id": "1002", "emails": [{"address": "bob@example.org", "verified": true}], "authenticators": [{"secret": "` + secret + `"}, {"codes": [{"code": "11112222"}]}]}
{"id": "1003", "username": "ANN", "emails": [{"address": "not an address"}], "password_hash": "md5$x"}
{"id": "1004", "nickname": "dan"}
`

// A team creates the tables, imports users, disables one, ends sessions, and moves to
// another database.
func TestTheCommandOperatesAnInstallation(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) string) {
		s := newSite(t, create(t), nil)
		if r := call(t, "", "users", "list", "-config", s.config); r.status != 1 {
			t.Errorf("users of a database without tables: %+v", r)
		}
		s.run("migrate", "-dry-run").says("CREATE TABLE", "allauth_users")
		s.run("migrate").says("have run now")
		s.run("migrate").says("All migrations have run")

		imported := call(t, people, "import", "-", "-config", s.config)
		imported.says("Created 3 users", "line 3: the user is imported without the username ANN: another user has it",
			"the email not an address: it is invalid", "line 3: the user is imported without the password_hash", "line 4: nothing was imported")
		if imported.status != 1 {
			t.Errorf("status %d", imported.status)
		}
		call(t, people, "import", "-", "-config", s.config).says("Created 0 users. 3 exist already, 1 lines failed")
		s.input(password+"\n", "users", "set-password", "ann@example.org").says("1001 (ann@example.org)")
		s.input(password+"\n", "users", "set-password", "1002")
		s.run("users", "list").says("1001", "bob@example.org")
		var ann struct {
			ID       string
			Username string
			Extra    map[string]string
		}
		s.run("users", "list", "ann", "-json").value(&ann)
		if ann.ID != "1001" || ann.Username != "ann" || ann.Extra["country"] != "NL" {
			t.Errorf("ann: %+v", ann)
		}

		web := s.serve()
		status, token := web.logIn("ann@example.org", password)
		if status != http.StatusOK {
			t.Fatalf("login: %d", status)
		}
		s.run("users", "disable", "username:ann")
		if status, _ := web.logIn("ann@example.org", password); status == http.StatusOK {
			t.Error("a disabled user logs in")
		}
		if status, _ := web.ask(http.MethodGet, "auth/session", token, nil); status == http.StatusOK {
			t.Error("a disabled user keeps the session")
		}
		s.run("users", "list", "-disabled").says("ann@example.org")
		s.run("users", "enable", "ann@example.org")
		if status, token = web.logIn("ann@example.org", password); status != http.StatusOK {
			t.Fatalf("login of an enabled user: %d", status)
		}
		s.run("sessions", "list", "1001").says("app")
		s.run("sessions", "end", "1001")
		if status, _ := web.ask(http.MethodGet, "auth/session", token, nil); status == http.StatusOK {
			t.Error("the session has not ended")
		}
		s.run("clean").says("No expired rows")

		file := filepath.Join(t.TempDir(), "users.jsonl")
		s.run("export", file).says("Wrote 3 users")
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file: %v, %v", info.Mode(), err)
		}
		if r := call(t, "", "export", file, "-config", s.config); r.status != 1 {
			t.Error("an export replaces a file")
		}
		other := newSite(t, create(t), map[string]any{"secret_key": "a9d8c7b6e5f40312a9d8c7b6e5f40312"})
		other.run("migrate")
		other.run("import", file, "-check").says("Would create 3 users")
		other.run("import", file).says("Created 3 users")
		moved := other.serve()
		if status, _ := moved.logIn("ann@example.org", password); status != http.StatusOK {
			t.Errorf("login after the move: %d", status)
		}
		status, token = moved.logIn("bob@example.org", password)
		if status != secondFactor {
			t.Fatalf("login of a user with an app: %d", status)
		}
		code, err := totp.GenerateCode(secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := moved.ask(http.MethodPost, "auth/2fa/authenticate", token, map[string]any{"code": code}); status != http.StatusOK {
			t.Errorf("the app after the move: %d %v", status, answer)
		}
		other.run("users", "reset-factors", "1002")
		if status, _ := moved.logIn("bob@example.org", password); status != http.StatusOK {
			t.Errorf("login without the app: %d", status)
		}
		if r := call(t, "", "users", "delete", "1002", "-config", other.config); r.status != 1 {
			t.Error("a user was deleted without a confirmation")
		}
		other.run("users", "delete", "1002", "-yes")
		if r := call(t, "", "users", "show", "1002", "-config", other.config); r.status != 1 {
			t.Errorf("a deleted user: %+v", r)
		}
	})
}

// A user who had a second factor cannot log in before the operator has mended the file or
// decided that the user goes on without it.
func TestUsersAreImportedWithTheirSecondFactorsOrDisabled(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) string) {
		s := newSite(t, create(t), nil)
		s.run("migrate")
		const eve = `{"id": "7", "emails": [{"address": "eve@example.org", "verified": true}], "authenticators": [{"secret": "%s"}]}`
		imported := call(t, fmt.Sprintf(eve, "not base32")+"\n"+strings.Replace(fmt.Sprintf(eve, secret), `"7"`, `"8"`, 1)+"\n", "import", "-", "-config", s.config)
		if imported.says("user 7 is imported disabled"); imported.status != 1 {
			t.Errorf("status %d", imported.status)
		}
		s.input(password+"\n", "users", "set-password", "7")
		web := s.serve()
		if status, _ := web.logIn("eve@example.org", password); status == http.StatusOK {
			t.Error("the user logs in without the second factor")
		}
		s.run("users", "enable", "7")
		if status, _ := web.logIn("eve@example.org", password); status != http.StatusOK {
			t.Errorf("login of an enabled user: %d", status)
		}
	})
}

// The command queues mails and sends none, and names who acts in the events.
func TestTheCommandLeavesMailsToTheServers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, create func(t *testing.T) string) {
		database := create(t)
		s := newSite(t, database, map[string]any{"audit": map[string]any{"show_to_users": true}})
		s.run("migrate")
		invited := s.run("users", "create", "-email", "eve@example.org", "-invite", "-actor", "support-7")
		if strings.Contains(invited.output+invited.errors, "key") {
			t.Errorf("the command has printed the mail: %+v", invited)
		}
		s.run("users", "show", "eve@example.org").says("invited")
		// Without the file the command sees that events are kept, and keeps its own.
		call(t, "", "users", "disable", "eve@example.org", "-database", database, "-actor", "support-8").ok()
		events := s.run("users", "list", "eve", "-json")
		events.says(`"disabled":true`)
		assertActors(t, database, "support-7", "support-8")
	})
}

// An import reports what is not one user, stores none of it and goes on; it can be repeated.
func TestImportOfHostileLines(t *testing.T) {
	t.Parallel()
	s := newSite(t, "sqlite:"+filepath.Join(t.TempDir(), "app.db"), nil)
	s.run("migrate").ok()
	lines := []string{
		`{"username": "ann"} {"username": "bob"}`,
		`{"username": "cyd"}, `,
		`null`,
		`{}`,
		`{"display": "Dan"}`,
		`["eve"]`,
		`{"username": "fay", "is_staff": true}`,
		`{"username": "` + strings.Repeat("g", 1<<20) + `"}`,
		`{"username": "hal"`,
		` {"username": "ian"} ` + "\r",
		"",
		`{"username": "joy", "extra": {"text": "` + strings.Repeat("x", 10_000) + `"}}`, // longer than a buffer
		`{"username": "` + strings.Repeat("k", 1<<20) + `"}`,
	}
	for _, created := range []int{2, 0} {
		r := call(t, strings.Join(lines, "\n"), "import", "-", "-json", "-config", s.config)
		var total struct{ Created, Existed, Failed int }
		r.value(&total)
		if total.Created != created || total.Existed != 2-created || total.Failed != 10 || r.status != 1 {
			t.Errorf("%+v, status %d: %s", total, r.status, r.errors)
		}
		for _, number := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 13} {
			if !strings.Contains(r.errors, fmt.Sprintf("line %d: nothing was imported", number)) {
				t.Errorf("line %d is not reported: %s", number, r.errors)
			}
		}
	}
}

// The doctor sees what a server with the same file would use.
func TestTheDoctor(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "app.db")
	good := newSite(t, database, nil)
	good.run("migrate")
	good.run("doctor").says("info", "Mailer")
	bad := newSite(t, database, map[string]any{"base_url": "http://app.example.org", "secret_key": "secret-secret-secret-secret-secret-secret"})
	r := call(t, "", "doctor", "-config", bad.config)
	r.says("error", "BaseURL", "Secrets[0]", "DisableRateLimits", "openssl rand -hex 32")
	if r.status != 1 {
		t.Errorf("status %d", r.status)
	}
	var finding struct{ Severity, Field, Problem, Fix string }
	line, _, _ := strings.Cut(call(t, "", "doctor", "-json", "-config", bad.config).output, "\n")
	if err := json.Unmarshal([]byte(line), &finding); err != nil || finding.Severity != "error" || finding.Fix == "" {
		t.Errorf("%+v, %v", finding, err)
	}
	if r := call(t, "", "doctor", "-database", database).ok(); !strings.Contains(r.output, "Nothing is wrong") {
		t.Errorf("without the file: %+v", r)
	}
}

// A wrong call says what is wrong, creates no database and shows no password.
func TestWrongCalls(t *testing.T) {
	t.Parallel()
	missing, existing := filepath.Join(t.TempDir(), "missing.db"), filepath.Join(t.TempDir(), "app.db")
	newSite(t, "sqlite:"+existing, nil).run("migrate").ok()
	for _, c := range []struct {
		args   []string
		status int
		text   string
	}{
		{[]string{}, 0, "users disable"},
		{[]string{"users"}, 2, "users set-password"},
		{[]string{"users", "list", "-database", "sqlite:" + existing, "-table-prefix", `x"; DROP TABLE y; --`}, 1, "use a plain name"},
		{[]string{"users", "vanish"}, 2, "no command"},
		{[]string{"users", "disable", "-help"}, 0, "Usage: allauth users disable [flags] USER"},
		{[]string{"users", "disable"}, 2, "has 1 arguments, not 0"},
		{[]string{"users", "list", "-colour"}, 2, "colour"},
		{[]string{"users", "list"}, 1, "there is no database"},
		{[]string{"users", "list", "-database", "sqlite:" + missing}, 1, "no such file"},
		{[]string{"users", "list", "-database", "postgres://ann:hidden@127.0.0.1:1/x"}, 1, "database"},
		{[]string{"users", "invite", "1", "-database", "sqlite:" + missing}, 1, "ALLAUTH_SECRET_KEY"},
		{[]string{"keys", "new", "des"}, 1, "no kind of key"},
	} {
		r := call(t, "", c.args...)
		r.says(c.text)
		if r.status != c.status {
			t.Errorf("%v: status %d, want %d: %+v", c.args, r.status, c.status, r)
		}
		if strings.Contains(r.output+r.errors, "hidden") {
			t.Errorf("the password is printed: %+v", r)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a database was created")
	}
}

// Each kind of key is one that the server accepts.
func TestNewKeysAreAccepted(t *testing.T) {
	t.Parallel()
	key := func(kind string) string {
		var text string
		call(t, "", "keys", "new", kind, "-json").ok().value(&text)
		return text
	}
	if key("secret") == key("secret") {
		t.Error("two secrets are equal")
	}
	for _, kind := range []string{"eddsa", "es256", "rs256"} {
		s := newSite(t, "sqlite:"+filepath.Join(t.TempDir(), "app.db"), map[string]any{
			"secret_key": key("secret"),
			"headless":   map[string]any{"token_strategy": "jwt", "jwt_private_key": key(kind)},
			"audit":      map[string]any{"webhooks": []any{map[string]any{"url": "https://hooks.example.org/", "secrets": []string{key("webhook")}}}},
		})
		s.run("migrate")
		s.run("users", "list")
	}
	if r := call(t, "", "keys", "new").ok(); len(strings.TrimSpace(r.output)) != 64 {
		t.Errorf("a secret: %d characters", len(r.output))
	}
	folder := filepath.Join(t.TempDir(), "mails")
	call(t, "", "mails", "preview", folder, "-languages", "en").ok()
	if _, err := os.Stat(filepath.Join(folder, "index.html")); err != nil {
		t.Error(err)
	}
}

// Sessions that are kept in Redis end there.
func TestSessionsInRedisEnd(t *testing.T) {
	t.Parallel()
	if testserver.Redis(t) == "" {
		t.Skip("there is no server")
	}
	s := newSite(t, "sqlite:"+filepath.Join(t.TempDir(), "app.db"), map[string]any{"redis": testserver.Redis(t)})
	s.run("migrate")
	id := strconv.FormatInt(rand.Int64N(1<<52)+1, 10) // the server is shared
	s.run("users", "create", "-id", id, "-email", "ann@example.org", "-verified")
	s.input(password, "users", "set-password", id)
	web := s.serve()
	status, token := web.logIn("ann@example.org", password)
	if status != http.StatusOK {
		t.Fatalf("login: %d", status)
	}
	s.run("sessions", "list", id).says("app")
	s.run("sessions", "end", id)
	if status, _ := web.ask(http.MethodGet, "auth/session", token, nil); status == http.StatusOK {
		t.Error("the session has not ended")
	}
}
