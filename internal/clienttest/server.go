package clienttest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/storage"
)

// Password is a password that is good enough.
const Password = "Tr0ub4dor-and-3-horses"

// Secret is the secret of every server that Start starts.
var Secret = []byte("0123456789abcdef0123456789abcdef")

// Server is the API on loopback.
type Server struct {
	*httptest.Server
	// Auth is the library under test, Config what it was made of.
	Auth   *allauth.Auth
	Config allauth.Config
	// Handler serves the requests; Auth, unless a test puts something around
	// it before the first one.
	Handler http.Handler
	// Clock is the library's clock.
	Clock *Clock
	// Log is what the library logged.
	Log *Log
	// OwnProblems are those that the host's hooks add, written as for
	// Answer.Problems.
	OwnProblems []string

	t    testing.TB
	post post
}

// Around is put around the handler of every server. Nil: nothing is.
var Around func(t testing.TB, s *Server, next http.Handler) http.Handler

// Open opens the empty store that Start starts a server on. Package teststore
// sets it, which allauthtest must not link.
var Open func(t testing.TB) storage.Store

// Start starts a server on an empty store, which is SQLite or the one that
// ALLAUTH_TEST_STORE names. It is closed when the test ends. Unless edit says
// otherwise hashes are cheap, the default rate limits apply, and verification
// is mandatory, by link.
func Start(t testing.TB, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	if Open == nil {
		t.Fatal("there is no store; import internal/integration/contract")
	}
	return StartOn(t, Open(t), edit...)
}

// StartOn is Start on a store of the caller's.
func StartOn(t testing.TB, store storage.Store, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	s := &Server{t: t, Clock: NewClock(), Log: &Log{}}
	s.post.arrived = sync.NewCond(&s.post.mu)
	// The address is needed before the handler.
	handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Handler.ServeHTTP(w, r) }))
	if Around != nil {
		handler = Around(t, s, handler)
	}
	s.Server = httptest.NewServer(fromAddress(handler))
	s.Config = allauth.Config{
		BaseURL:  s.URL,
		Secrets:  [][]byte{Secret},
		SiteName: "Example",
		Mailer:   &s.post,
		Logger:   slog.New(slog.NewTextHandler(s.Log, nil)),
		Now:      s.Clock.Now,
	}
	s.Config.Account.PasswordHash = Cheap()
	for _, change := range edit {
		change(&s.Config)
	}
	if s.Config.Account.Phone != nil && s.Config.Account.Phone.Texter == nil {
		s.Config.Account.Phone.Texter = &s.post
	}
	auth, err := allauth.New(s.Config, store)
	if err != nil {
		t.Fatalf("allauth.New: %v", err)
	}
	s.Auth = auth
	s.Handler = auth
	t.Cleanup(func() {
		s.Server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := auth.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// Cheap hashes passwords in no time.
func Cheap() password.Config {
	return password.Config{Argon2id: password.Argon2id{MemoryKiB: 64, Iterations: 1, Parallelism: 1}}
}

// Clock is a clock that goes on only when it is told to. It is safe for
// concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows the present.
func NewClock() *Clock { return &Clock{now: time.Now().UTC().Truncate(time.Microsecond)} }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Log collects what is logged. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// Wait waits until a line that was not waited for before holds the text, and
// forgets all up to it.
func (l *Log) Wait(t testing.TB, text string) {
	t.Helper()
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		_, rest, found := bytes.Cut(l.text.Bytes(), []byte(text))
		if found {
			l.text = *bytes.NewBuffer(bytes.Clone(rest))
		}
		l.mu.Unlock()
		if found {
			return
		}
	}
	t.Fatalf("the log does not say %q", text)
}

// Contains reports whether a line holds the text.
func (l *Log) Contains(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

// Text returns what was logged.
func (l *Log) Text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
