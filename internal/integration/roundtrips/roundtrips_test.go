package roundtrips_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
	"github.com/pquerna/otp/totp"
	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/internal/integration/softkey"
	"github.com/allauth-go/allauth/internal/integration/sqlrecord"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

type body = clienttest.Body

const password = clienttest.Password

// eventsKept turns the audit trail on.
func eventsKept(cfg *allauth.Config) { cfg.Audit = &audit.Config{} }

// alertsOn turns mails about logins from new devices on.
func alertsOn(cfg *allauth.Config) { cfg.Account.LoginAlerts = true }

// databases are the columns of the table.
var databases = []struct {
	name, driver string
	dialect      sqlstore.Dialect
	source       func(t testing.TB) string
}{
	{"PostgreSQL", "pgx", sqlstore.Postgres, testserver.Postgres},
	{"SQLite", "sqlite", sqlstore.SQLite, func(t testing.TB) string {
		return sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "test.db"))
	}},
}

// operation is a row of the table.
type operation struct {
	name string
	edit func(cfg *allauth.Config)
	// prepare creates what the operation needs; its statements are not counted.
	// The requests of the returned function are counted.
	prepare func(s *site, email string) (run func())
}

var operations = []operation{
	{"Session check, browser", nil, func(s *site, email string) func() {
		c := s.member(clienttest.Browser, email)
		return func() { c.Get("auth/session").LoggedIn(email) }
	}},
	{"Session check, app", nil, func(s *site, email string) func() {
		c := s.member(clienttest.App, email)
		return func() { c.Get("auth/session").LoggedIn(email) }
	}},
	{"Session check, users in the host's table", nil, func(s *site, email string) func() {
		c := s.member(clienttest.Browser, email)
		return func() { c.Get("auth/session").LoggedIn(email) }
	}},
	{"Host's route, session cookie", nil, func(s *site, email string) func() {
		c := s.member(clienttest.Browser, email)
		return func() { s.visit(http.StatusOK, "Cookie", "sessionid="+c.Cookie("sessionid")) }
	}},
	{"Host's route, session token", nil, func(s *site, email string) func() {
		c := s.member(clienttest.App, email)
		return func() { s.visit(http.StatusOK, "X-Session-Token", c.Token) }
	}},
	{"Host's route, access token", tokens(false), func(s *site, email string) func() {
		c := s.member(clienttest.App, email)
		return func() { s.visit(http.StatusOK, "Authorization", "Bearer "+c.AccessToken) }
	}},
	{"Host's route, stateless access token", tokens(true), func(s *site, email string) func() {
		c := s.member(clienttest.App, email)
		return func() { s.visit(http.StatusOK, "Authorization", "Bearer "+c.AccessToken) }
	}},
	{"Host's route, no credentials", nil, func(s *site, _ string) func() {
		return func() { s.visit(http.StatusUnauthorized, "Accept", "*/*") }
	}},
	{"Login by password", nil, func(s *site, email string) func() {
		s.create(email)
		c := s.browser()
		return func() { c.Post("auth/login", body{"email": email, "password": password}).LoggedIn(email) }
	}},
	{"Login by password, events kept", eventsKept, func(s *site, email string) func() {
		s.create(email)
		c := s.browser()
		return func() { c.Post("auth/login", body{"email": email, "password": password}).LoggedIn(email) }
	}},
	{"Login by password, alerts on, known browser", alertsOn, func(s *site, email string) func() {
		c := s.member(clienttest.Browser, email)
		c.Delete("auth/session", nil).Status(401)
		return func() { c.Post("auth/login", body{"email": email, "password": password}).LoggedIn(email) }
	}},
	{"Login by password, alerts on, new browser", alertsOn, func(s *site, email string) func() {
		s.member(clienttest.Browser, email)
		c := s.browser()
		return func() { c.Post("auth/login", body{"email": email, "password": password}).LoggedIn(email) }
	}},
	{"Login by password, wrong", nil, func(s *site, email string) func() {
		s.create(email)
		c := s.browser()
		return func() { c.Post("auth/login", body{"email": email, "password": "not " + password}).Status(400) }
	}},
	{"Logout", nil, func(s *site, email string) func() {
		c := s.member(clienttest.Browser, email)
		return func() { c.Delete("auth/session", nil).Status(401) }
	}},
	{"Sign-up by link", nil, func(s *site, email string) func() {
		c := s.browser()
		return func() {
			c.Post("auth/signup", body{"email": email, "password": password}).Status(401).Pending("verify_email")
		}
	}},
	{"Mailed code, request", codes, func(s *site, email string) func() {
		s.create(email)
		c := s.browser()
		return func() { c.Post("auth/code/request", body{"email": email}).Status(401).Pending("login_by_code") }
	}},
	{"Mailed code, confirm", codes, func(s *site, email string) func() {
		s.create(email)
		c := s.browser()
		c.Post("auth/code/request", body{"email": email}).Status(401).Pending("login_by_code")
		code := s.Mail(email).Code()
		return func() { c.Post("auth/code/confirm", body{"code": code}).LoggedIn(email) }
	}},
	{"Login with TOTP, password", factors, func(s *site, email string) func() {
		s.withTOTP(email)
		c := s.browser()
		return func() {
			c.Post("auth/login", body{"email": email, "password": password}).Status(401).Pending("mfa_authenticate")
		}
	}},
	{"Login with TOTP, code", factors, func(s *site, email string) func() {
		secret := s.withTOTP(email)
		c := s.browser()
		c.Post("auth/login", body{"email": email, "password": password}).Status(401).Pending("mfa_authenticate")
		return func() { c.Post("auth/2fa/authenticate", body{"code": s.totp(secret)}).LoggedIn(email) }
	}},
	{"Login by passkey, options", passkeys, func(s *site, _ string) func() {
		c := s.browser()
		return func() { c.Get(passkeyPath).Status(200) }
	}},
	{"Login by passkey, response", passkeys, func(s *site, email string) func() {
		key := s.withPasskey(email)
		c := s.browser()
		credential := key.Get(s.t, c.Get(passkeyPath).Status(200).Value("data", "request_options"))
		return func() { c.Post(passkeyPath, body{"credential": credential}).LoggedIn(email) }
	}},
	{"Refresh of tokens", tokens(false), func(s *site, email string) func() {
		c := s.member(clienttest.App, email)
		return func() { c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200) }
	}},
	{"List of sessions", nil, func(s *site, email string) func() {
		c := s.member(clienttest.Browser, email)
		return func() { c.Get("auth/sessions").Status(200) }
	}},
}

func codes(cfg *allauth.Config)   { cfg.Account.LoginByCode = &account.LoginByCodeConfig{} }
func factors(cfg *allauth.Config) { cfg.MFA = &mfa.Config{} }

func passkeys(cfg *allauth.Config) {
	cfg.BaseURL = strings.Replace(cfg.BaseURL, "127.0.0.1", "localhost", 1) // keys are bound to a host name
	cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.WebAuthn}, PasskeyLoginEnabled: true}
}

func tokens(stateless bool) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		cfg.Tokens = &token.Config{Keys: []token.Key{{Private: key}}, StatelessValidation: stateless}
	}
}

// site is a server whose requests are counted.
type site struct {
	*clienttest.Server
	t    *testing.T
	seen []string
}

// counted adds the round trips of each request to next.
func (s *site) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, recording := sqlrecord.Record(r.Context())
		next.ServeHTTP(w, r.WithContext(ctx))
		for _, text := range recording.Prepared() {
			s.seen = append(s.seen, "PREPARE "+text)
		}
		for _, one := range recording.Statements() {
			s.seen = append(s.seen, one.SQL)
		}
	})
}

func (s *site) create(email string) {
	s.t.Helper()
	user, err := clienttest.Create(s.t.Context(), s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Email: email}, EmailVerified: true})
	if err == nil {
		err = s.Auth.Users().SetPassword(s.t.Context(), user.ID, password)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// browser returns a browser that has visited the site, but is not logged in.
func (s *site) browser() *clienttest.Client {
	c := s.Client(clienttest.Browser)
	c.Get("config").Status(200)
	return c
}

func (s *site) member(kind clienttest.Kind, email string) *clienttest.Client {
	s.t.Helper()
	s.create(email)
	return s.LogIn(kind, email)
}

// withTOTP makes a user with an authenticator app and returns its secret.
func (s *site) withTOTP(email string) string {
	s.t.Helper()
	c := s.member(clienttest.App, email)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	c.Post("account/authenticators/totp", body{"code": s.totp(secret)}).Status(200)
	s.Clock.Advance(30 * time.Second)
	return secret
}

const passkeyPath = "auth/webauthn/login"

// withPasskey makes a user with a passkey.
func (s *site) withPasskey(email string) *softkey.Key {
	s.t.Helper()
	const path = "account/authenticators/webauthn"
	c, key := s.member(clienttest.App, email), softkey.New(s.Config.BaseURL)
	options := c.Get(path+"?passwordless").Status(200).Value("data", "creation_options")
	c.Post(path, body{"credential": key.Create(s.t, options)}).Status(200)
	return key
}

func (s *site) totp(secret string) string {
	s.t.Helper()
	code, err := totp.GenerateCode(secret, s.Clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// visit requests a route of the host, which returns the user.
func (s *site) visit(status int, header, value string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+"/me", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set(header, value)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != status {
		s.t.Fatalf("status %d, want %d", response.StatusCode, status)
	}
}

// hostUsers stands for a table of the host: each call is a statement.
type hostUsers struct{ authn.UserStore }

// measure returns the round trips of an operation, after the statements were
// prepared.
func measure(t *testing.T, database int, op operation) (trips int, texts []string) {
	t.Helper()
	d := databases[database]
	db := sqlrecord.Open(t, d.driver, d.source(t))
	// One connection prepares each statement once; more would prepare some of
	// them during the measurement.
	db.SetMaxOpenConns(1)
	store := sqlstore.New(db, d.dialect)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t}
	var whole storage.Store = store
	if strings.Contains(op.name, "host's table") {
		whole = storage.Compose(store, storage.Parts{Users: hostUsers{store}})
	}
	s.Server = clienttest.StartOn(t, whole, func(cfg *allauth.Config) {
		cfg.DisableRateLimits = false
		if op.edit != nil {
			op.edit(cfg)
		}
	})
	host := s.Auth.Middleware(s.Auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.Auth.UserFrom(r.Context()); !ok {
			w.WriteHeader(http.StatusTeapot)
		}
	})))
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", s.Auth)
	mux.Handle("/me", host)
	s.Handler = s.counted(mux)
	for round := range 3 {
		run := op.prepare(s, fmt.Sprintf("user%d@example.org", round))
		s.seen = nil
		run()
		if before := trips; round == 2 && len(s.seen) != before {
			t.Errorf("%s: %d round trips, and %d another time", op.name, before, len(s.seen))
		}
		trips = len(s.seen)
	}
	for _, text := range s.seen {
		if strings.HasPrefix(text, "PREPARE") {
			t.Errorf("%s on %s prepares again: %s", op.name, d.name, text)
		}
	}
	return trips, s.seen
}

const page = "../../../docs/performance.md"

var update = flag.Bool("update", false, "write the numbers to docs/performance.md")

// The table of the documentation has the round trips of each operation. The
// numbers may only shrink.
func TestRoundTrips(t *testing.T) {
	if os.Getenv("ALLAUTH_TEST_POSTGRES") == "" {
		t.Skip("there is no PostgreSQL server")
	}
	rows := make([]string, len(operations))
	t.Run("operations", func(t *testing.T) {
		for i, op := range operations {
			t.Run(op.name, func(t *testing.T) {
				t.Parallel()
				rows[i] = "| " + op.name
				for database, d := range databases {
					trips, texts := measure(t, database, op)
					rows[i] += fmt.Sprintf(" | %d", trips)
					t.Logf("%s:\n\t%s", d.name, strings.Join(texts, "\n\t"))
				}
				rows[i] += " |\n"
			})
		}
	})
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head := "| Operation | PostgreSQL | SQLite |\n|---|---|---|\n"
	before, rest, found := strings.Cut(string(text), head)
	old, after, _ := strings.Cut(rest, "\n\n")
	if !found {
		t.Fatalf("%s has no table that begins with\n%s", page, head)
	}
	if table := strings.Join(rows, ""); table != old+"\n" {
		t.Errorf("the numbers have changed; if they shrank, run this test with -update. The table is now\n%s", head+table)
		if *update {
			if err := os.WriteFile(page, []byte(before+head+table+"\n"+after), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
