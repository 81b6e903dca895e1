package allauth_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/internal/smtpsink"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// secretOf returns a secret of 32 different bytes.
func secretOf(first byte) []byte {
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = first + byte(i)*7
	}
	return secret
}

// installation is a server without problems, until edit makes some.
func installation(t *testing.T, store storage.Store, edit func(cfg *allauth.Config)) *allauth.Auth {
	t.Helper()
	sink := smtpsink.Start(t)
	cfg := allauth.Config{
		BaseURL: "https://app.example.org",
		Secrets: [][]byte{secretOf(1), secretOf(2)},
		Logger:  slog.New(slog.DiscardHandler),
		Mailer:  notify.SMTP{Addr: sink.Addr, From: "hello@example.org"},
	}
	if edit != nil {
		edit(&cfg)
	}
	auth, err := allauth.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil && store != nil {
			t.Logf("close: %v", err)
		}
	})
	return auth
}

// odd is a store whose status is not that of the database.
type odd struct {
	storage.Store
	status  func(s *storage.Status)
	backlog notify.Backlog
	down    error
}

func (o odd) Status(ctx context.Context) (storage.Status, error) {
	status, err := o.Store.Status(ctx)
	if o.status != nil {
		o.status(&status)
	}
	return status, errors.Join(err, o.down)
}

func (o odd) Backlog(ctx context.Context) (notify.Backlog, error) {
	if o.backlog != (notify.Backlog{}) {
		return o.backlog, nil
	}
	return o.Store.Backlog(ctx)
}

// requests sends requests as a proxy does.
func requests(auth *allauth.Auth, n int, peer, host string, header ...string) {
	for range n {
		r := httptest.NewRequest(http.MethodGet, "/_allauth/app/v1/config", nil)
		r.RemoteAddr, r.Host = peer, host
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		auth.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// Each problem of an installation is found, alone, and with the way to mend it.
func TestDiagnoseNamesEachProblem(t *testing.T) {
	t.Parallel()
	type setting = func(cfg *allauth.Config)
	open := func(t *testing.T) storage.Store {
		store, _ := teststore.OpenSQL(t)
		return store
	}
	const proxy, public = "10.0.0.3:4711", "app.example.org"
	trusted := func(cfg *allauth.Config) { cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }
	oddly := func(change func(o *odd)) func(t *testing.T) storage.Store {
		return func(t *testing.T) storage.Store {
			o := odd{Store: open(t)}
			change(&o)
			return o
		}
	}
	for name, c := range map[string]struct {
		edit  setting
		store func(t *testing.T) storage.Store
		use   func(auth *allauth.Auth)
		want  string // severity, field and a part of the problem; empty: no finding
	}{
		"nothing": {},
		"a proxy that is trusted": {edit: trusted, use: func(auth *allauth.Auth) {
			requests(auth, 50, proxy, public, "X-Forwarded-For", "203.0.113.1", "X-Forwarded-Proto", "https")
		}},
		"one client with a header of its own": {use: func(auth *allauth.Auth) {
			requests(auth, 30, "203.0.113.9:1", public)
			requests(auth, 20, "203.0.113.9:1", "evil.example", "X-Forwarded-For", "203.0.113.1", "X-Forwarded-Proto", "http")
		}},
		"http":         {edit: func(cfg *allauth.Config) { cfg.BaseURL = "http://app.example.org" }, want: "error BaseURL not encrypted"},
		"this machine": {edit: func(cfg *allauth.Config) { cfg.BaseURL = "http://localhost:8080" }, want: "info BaseURL this machine"},
		"a typed secret": {edit: func(cfg *allauth.Config) { cfg.Secrets[0] = []byte("my Secret of more than thirty-two bytes") },
			want: "error Secrets[0] typed"},
		"a secret of few bytes": {edit: func(cfg *allauth.Config) { cfg.Secrets[1] = []byte(strings.Repeat("7f", 20)) }, want: "error Secrets[1] typed"},
		"equal secrets":         {edit: func(cfg *allauth.Config) { cfg.Secrets[1] = cfg.Secrets[0] }, want: "warning Secrets[1] equals Secrets[0]"},
		"one secret":            {edit: func(cfg *allauth.Config) { cfg.Secrets = cfg.Secrets[:1] }, want: "info Secrets one secret"},
		"a domain of one part": {edit: func(cfg *allauth.Config) { cfg.BaseURL, cfg.Sessions.CookieDomain = "https://app.intranet", "intranet" },
			want: "error Sessions.CookieDomain refuse"},
		"a parent domain":  {edit: func(cfg *allauth.Config) { cfg.Sessions.CookieDomain = "example.org" }, want: "info Sessions.CookieDomain below example.org"},
		"everyone trusted": {edit: func(cfg *allauth.Config) { cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }, want: "error TrustedProxies[0] every client"},
		"a proxy that is not trusted": {want: "error TrustedProxies at 10.0.0.3,", use: func(auth *allauth.Auth) {
			requests(auth, 50, proxy, public, "X-Forwarded-For", "203.0.113.1")
		}},
		"a unix socket that is not trusted": {want: "error TrustedProxies unix socket", use: func(auth *allauth.Auth) {
			requests(auth, 50, "@", public, "X-Forwarded-For", "203.0.113.1")
		}},
		"a proxy that says nothing": {edit: trusted, want: "warning TrustedProxies without X-Forwarded-For", use: func(auth *allauth.Auth) {
			requests(auth, 50, proxy, public)
		}},
		"another host": {want: `warning BaseURL "10.1.2.3:8080"`, use: func(auth *allauth.Auth) {
			requests(auth, 5000, "203.0.113.9:1", "10.1.2.3:8080")
		}},
		"http at the proxy": {edit: trusted, want: "error BaseURL by http,", use: func(auth *allauth.Auth) {
			requests(auth, 50, proxy, public, "X-Forwarded-For", "203.0.113.1", "X-Forwarded-Proto", "http")
		}},
		"https at the proxy": {want: "error BaseURL by https,", edit: func(cfg *allauth.Config) {
			cfg.BaseURL = "http://localhost"
		}, use: func(auth *allauth.Auth) {
			requests(auth, 50, proxy, "localhost", "X-Forwarded-Proto", "https")
		}},
		"no limits":           {edit: func(cfg *allauth.Config) { cfg.DisableRateLimits = true }, want: "error DisableRateLimits guessed"},
		"a limit less":        {edit: func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"login": ""} }, want: `warning RateLimits["login"] no limit`},
		"no mails":            {edit: func(cfg *allauth.Config) { cfg.Mailer = &notify.Log{} }, want: "error Mailer not sent"},
		"no mail server":      {edit: func(cfg *allauth.Config) { cfg.Mailer = notify.SMTP{Addr: "127.0.0.1:1", From: "hello@example.org"} }, want: "error Mailer connect"},
		"no cleaning":         {edit: func(cfg *allauth.Config) { cfg.CleanInterval = -1 }, want: "info CleanInterval not deleted"},
		"memory":              {store: func(*testing.T) storage.Store { return memstore.New() }, want: "error store in memory"},
		"no database":         {store: oddly(func(o *odd) { o.down = errors.New("connection refused") }), want: "error store connection refused"},
		"a store that panics": {store: oddly(func(o *odd) { o.status = func(*storage.Status) { panic("torn") } }), want: "error store panicked"},
		"no tables": {want: "error store migrations", store: func(t *testing.T) storage.Store {
			db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "empty.db")))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			return sqlstore.New(db, sqlstore.SQLite)
		}},
		"a clock that is late":  {store: oddly(func(o *odd) { o.status = func(s *storage.Status) { s.Clock = time.Now().Add(-time.Minute) } }), want: "warning store differ by 1m0s"},
		"a clock that is early": {store: oddly(func(o *odd) { o.status = func(s *storage.Status) { s.Clock = time.Now().Add(time.Minute) } }), want: "warning store differ by 1m0s"},
		"a clock that is right": {store: oddly(func(o *odd) { o.status = func(s *storage.Status) { s.Clock = time.Now() } })},
		"mails that wait":       {store: oddly(func(o *odd) { o.backlog = notify.Backlog{Messages: 7, Oldest: time.Now().Add(-time.Hour)} }), want: "error Mailer 7 messages"},
		"events that wait":      {store: oddly(func(o *odd) { o.backlog = notify.Backlog{Events: 7, OldestEvent: time.Now().Add(-2 * time.Hour)} }), want: "warning Audit.Webhooks 7 events"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.store == nil {
				c.store = open
			}
			auth := installation(t, c.store(t), c.edit)
			if c.use != nil {
				c.use(auth)
			}
			found := false
			for _, f := range auth.Diagnose(t.Context()) {
				text := string(f.Severity) + " " + f.Field + " " + f.Problem
				severity, rest, _ := strings.Cut(c.want, " ")
				field, part, _ := strings.Cut(rest, " ")
				if c.want != "" && string(f.Severity) == severity && f.Field == field && strings.Contains(f.Problem, part) {
					found = true
					if f.Fix == "" {
						t.Errorf("it does not say how to mend: %s", text)
					}
					continue
				}
				// What follows from a BaseURL of this machine, or without encryption.
				if strings.HasPrefix(name, "https at") && f.Severity == allauth.SeverityInfo {
					continue
				}
				t.Errorf("found: %s", text)
			}
			if !found && c.want != "" {
				t.Errorf("not found: %s", c.want)
			}
		})
	}
}

// On the machine of a developer the same settings are information, and the worst is
// first.
func TestDiagnoseIsLenientDuringDevelopment(t *testing.T) {
	t.Parallel()
	develop := func(base string) []allauth.Finding {
		return installation(t, memstore.New(), func(cfg *allauth.Config) {
			cfg.BaseURL, cfg.Mailer, cfg.DisableRateLimits, cfg.Secrets = base, &notify.Log{}, true, [][]byte{clienttest.Secret}
		}).Diagnose(t.Context())
	}
	for _, f := range develop("http://localhost:8080") {
		if f.Severity != allauth.SeverityInfo {
			t.Errorf("%+v", f)
		}
	}
	list := develop("https://app.example.org")
	if len(list) != 5 || list[0].Severity != allauth.SeverityError || list[4].Severity != allauth.SeverityInfo {
		t.Errorf("%+v", list)
	}
}

// blocked is a store that does not answer, and ignores its context.
type blocked struct{ storage.Store }

func (blocked) Status(context.Context) (storage.Status, error) {
	time.Sleep(time.Hour)
	return storage.Status{}, nil
}

// A load balancer learns within seconds that a server cannot serve.
func TestHealthAnswersInTime(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	h, err := s.Auth.Health(t.Context())
	if err != nil || h.Latency <= 0 || h.Messages != 0 || h.OldestMessage != 0 {
		t.Errorf("%+v, %v", h, err)
	}
	wait := make(chan struct{})
	s = clienttest.Start(t, func(cfg *allauth.Config) { cfg.Mailer = mailerFunc(func() { <-wait }) })
	s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(401)
	s.Clock.Advance(time.Minute)
	if h, err := s.Auth.Health(t.Context()); err != nil || h.Messages != 1 || h.OldestMessage.Truncate(time.Second) != time.Minute {
		t.Errorf("while a mail is sent: %+v, %v", h, err)
	}
	close(wait)
	s = clienttest.Start(t, func(cfg *allauth.Config) {
		refuses := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(refuses.Close)
		cfg.Audit = &audit.Config{Webhooks: []audit.Webhook{{URL: refuses.URL, Secrets: []string{"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}}}
	})
	s.SignUp(clienttest.App, "ann@example.org")
	s.Clock.Advance(time.Minute)
	if h, err := s.Auth.Health(t.Context()); err != nil || h.Events < 2 || h.OldestEvent < time.Minute || h.Messages != 0 {
		t.Errorf("while a webhook is down: %+v, %v", h, err)
	}
	down := clienttest.StartOn(t, odd{Store: memstore.New(), down: errors.New("connection refused")})
	if _, err := down.Auth.Health(t.Context()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("a store that is down: %v", err)
	}
	hung := clienttest.StartOn(t, blocked{memstore.New()})
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := hung.Auth.Health(ctx); err == nil || time.Since(begin) > time.Second {
			t.Errorf("a store that hangs: %v after %v", err, time.Since(begin))
		}
		time.Sleep(2 * time.Hour)
	})
}

// mailerFunc is called for each mail.
type mailerFunc func()

func (f mailerFunc) Send(context.Context, notify.Message) error { f(); return nil }
func (mailerFunc) Validate() error                              { return nil }
