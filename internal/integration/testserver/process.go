package testserver

import (
	"bytes"
	"database/sql"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/freeport"
)

// Process is a database server of one test, which the test may kill.
type Process struct {
	// Source is its URL or data source name.
	Source string

	t       testing.TB
	account string // the user it runs as if the test is root
	command []string
	ready   func() bool
	running *exec.Cmd
	ended   <-chan struct{} // closed when running has ended and was waited for
}

// OwnPostgres starts a PostgreSQL server. It is nil where tests have no servers
// or its programs are missing.
func OwnPostgres(t testing.TB) *Process {
	t.Helper()
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if setting(t, "ALLAUTH_TEST_POSTGRES") == "" || len(programs) == 0 {
		t.Log("no PostgreSQL to start")
		return nil
	}
	bin := programs[len(programs)-1]
	host, port, data := address(t)
	p := &Process{t: t, account: "postgres", Source: "postgres://postgres@" + net.JoinHostPort(host, port) + "/postgres"}
	p.give(data)
	p.must(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "--auth", "trust", "-E", "UTF8", "--locale", "C.UTF-8")
	p.command = []string{
		filepath.Join(bin, "postgres"), "-D", data, "-h", host, "-p", port,
		"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=100",
	}
	p.ready = func() bool { return answers("pgx", p.Source) }
	p.begin()
	return p
}

// OwnMariaDB starts a MariaDB server. It is nil where tests have no servers or
// its programs are missing.
func OwnMariaDB(t testing.TB) *Process {
	t.Helper()
	program, err := exec.LookPath("/usr/sbin/mariadbd")
	if setting(t, "ALLAUTH_TEST_MYSQL") == "" || err != nil {
		t.Log("no MariaDB to start")
		return nil
	}
	host, port, data := address(t)
	p := &Process{t: t, account: "mysql", Source: "root@tcp(" + net.JoinHostPort(host, port) + ")/test"}
	p.give(data)
	p.must("mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal")
	p.command = []string{
		program, "--no-defaults", "--datadir=" + data, "--bind-address=" + host, "--port=" + port,
		"--socket=" + filepath.Join(data, "s"), "--pid-file=" + filepath.Join(data, "pid"),
	}
	p.ready = func() bool { return answers("mysql", p.Source) }
	p.begin()
	return p
}

// OwnRedis starts a Redis server, which keeps nothing on disk. It is nil where
// tests have no servers or its program is missing.
func OwnRedis(t testing.TB) *Process {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if setting(t, "ALLAUTH_TEST_REDIS") == "" || err != nil {
		t.Log("no Redis to start")
		return nil
	}
	host, port, data := address(t)
	p := &Process{t: t, Source: "redis://" + net.JoinHostPort(host, port) + "/0"}
	p.command = []string{program, "--bind", host, "--port", port, "--dir", data, "--save", "", "--appendonly", "no"}
	p.ready = func() bool {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), time.Second)
		if err == nil {
			_ = conn.Close() // that it could be opened is enough
		}
		return err == nil
	}
	p.begin()
	return p
}

// address returns a free port on loopback and a short path for data.
func address(t testing.TB) (host, port, data string) {
	t.Helper()
	host, port, err := net.SplitHostPort(freeport.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = os.MkdirTemp("", "allauth"); err != nil { // a socket's path must be short
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(data); err != nil {
			t.Error(err)
		}
	})
	return host, port, data
}

func answers(driver, source string) bool {
	db, err := sql.Open(driver, source)
	if err != nil {
		return false
	}
	defer func() { _ = db.Close() }()
	return db.Ping() == nil
}

// identity returns the ids of the server's user, nil if the test is not root.
func (p *Process) identity() *syscall.Credential {
	p.t.Helper()
	if os.Getuid() != 0 || p.account == "" {
		return nil
	}
	account, err := user.Lookup(p.account)
	if err != nil {
		p.t.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		p.t.Fatalf("ids of %s: %v, %v", p.account, uidErr, gidErr)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// give gives the folder to the server's user.
func (p *Process) give(folder string) {
	p.t.Helper()
	if id := p.identity(); id != nil {
		if err := os.Chown(folder, int(id.Uid), int(id.Gid)); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *Process) prepare(command []string) *exec.Cmd {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.identity(), Setpgid: true}
	return cmd
}

func (p *Process) must(command ...string) {
	p.t.Helper()
	if output, err := p.prepare(command).CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", command[0], err, output)
	}
}

func (p *Process) begin() {
	p.t.Helper()
	p.t.Cleanup(p.Kill)
	p.Start()
}

// Start starts the server, again if it was killed, and waits until it answers.
// What the last one left running delays it.
func (p *Process) Start() {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	var output bytes.Buffer
	for time.Now().Before(deadline) {
		output.Reset()
		cmd, ended := p.prepare(slices.Clone(p.command)), make(chan struct{})
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			p.t.Fatal(err)
		}
		go func() {
			_ = cmd.Wait() // it is killed in the end
			close(ended)
		}()
		p.running, p.ended = cmd, ended
		if p.await(deadline) {
			return
		}
		p.Kill()
	}
	p.t.Fatalf("%s does not start:\n%s", filepath.Base(p.command[0]), strings.TrimSpace(output.String()))
}

// await waits until the server answers or has ended.
func (p *Process) await(deadline time.Time) bool {
	for time.Now().Before(deadline) {
		if p.ready() {
			return true
		}
		select {
		case <-p.ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// Kill ends the server and its children as a power cut would.
func (p *Process) Kill() {
	if p.running == nil {
		return
	}
	_ = syscall.Kill(-p.running.Process.Pid, syscall.SIGKILL) // it may have ended
	for syscall.Kill(-p.running.Process.Pid, 0) == nil {
		time.Sleep(time.Millisecond)
	}
	<-p.ended
}
