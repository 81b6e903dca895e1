package allauth_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

func TestAStoreThatIsNil(t *testing.T) {
	t.Parallel()
	cfg := allauth.Config{BaseURL: "http://localhost", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{}}
	for _, store := range []storage.Store{nil, (*memstore.Store)(nil)} {
		if _, err := allauth.New(cfg, store); err == nil || !strings.Contains(err.Error(), "store is nil") {
			t.Errorf("%v", err)
		}
	}
}

func TestBadConfigurationNamesTheFieldAndTheFix(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(cfg *allauth.Config){
		"BaseURL is empty":                func(cfg *allauth.Config) { cfg.BaseURL = "" },
		"is not an absolute URL":          func(cfg *allauth.Config) { cfg.BaseURL = "app.example.org" },
		"has more than a host and a path": func(cfg *allauth.Config) { cfg.BaseURL += "?a=b" },
		"Secrets":                         func(cfg *allauth.Config) { cfg.Secrets = nil },
		"32":                              func(cfg *allauth.Config) { cfg.Secrets = [][]byte{[]byte("short")} },
		"Mailer is nil":                   func(cfg *allauth.Config) { cfg.Mailer = nil },
		"Mailer is nil; set one":          func(cfg *allauth.Config) { cfg.Mailer = (*notify.Log)(nil) },
		"Headless.BasePath":               func(cfg *allauth.Config) { cfg.Headless.BasePath = "auth/" },
		"Headless.Clients":                func(cfg *allauth.Config) { cfg.Headless.Clients = []string{"phone"} },
		"ConfirmEmail":                    func(cfg *allauth.Config) { cfg.Headless.FrontendURLs.ConfirmEmail = "/verify" },
		"Sessions.Lifetime":               func(cfg *allauth.Config) { cfg.Sessions.Lifetime = -1 },
		"Sessions.CSRFCookieName":         func(cfg *allauth.Config) { cfg.Sessions.CSRFCookieName = "sessionid" },
		"Account.SignupFields":            func(cfg *allauth.Config) { cfg.Account.SignupFields = []string{"shoe_size"} },
		"Account.LoginMethods":            func(cfg *allauth.Config) { cfg.Account.LoginMethods = []account.LoginMethod{"fax"} },
		"TrustedOrigins":                  func(cfg *allauth.Config) { cfg.TrustedOrigins = []string{"www.example.org"} },
		"sign_up":                         func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"sign_up": "1/m"} },
		"often":                           func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"signup": "often"} },
		"Mailer: ":                        func(cfg *allauth.Config) { cfg.Mailer = notify.SMTP{Addr: "mail.example.org"} },
		"Account.Phone.Texter: ": func(cfg *allauth.Config) {
			cfg.Account.Phone = &account.PhoneConfig{Texter: notify.Webhook{URL: "http://sms.example.org"}}
		},
		"TrustedProxies[0]":             func(cfg *allauth.Config) { cfg.TrustedProxies = []netip.Prefix{{}} },
		"Headless.Clients is empty":     func(cfg *allauth.Config) { cfg.Headless.Clients = []string{} },
		"Sessions.CookieName":           func(cfg *allauth.Config) { cfg.Sessions.CookieName = "a b" },
		"Sessions.CSRFCookieName \";\"": func(cfg *allauth.Config) { cfg.Sessions.CSRFCookieName = ";" },
		"is not a domain":               func(cfg *allauth.Config) { cfg.Sessions.CookieDomain = "https://example.org" },
		"nor a parent domain of it":     func(cfg *allauth.Config) { cfg.Sessions.CookieDomain = "pp.example.org" },
		"MFA.TrustCookieName": func(cfg *allauth.Config) {
			cfg.MFA = &mfa.Config{TrustCookieName: "sessionid"}
		},
		"Sessions.CSRFCookieName equals Sessions.CookieName": func(cfg *allauth.Config) { cfg.Sessions.CSRFCookieName = "sessionid" },
		"Account.KnownDeviceCookieName equals Sessions.CSRFCookieName": func(cfg *allauth.Config) {
			cfg.Account.KnownDeviceCookieName = "csrftoken"
		},
		`Account.KnownDeviceCookieName "a b"`: func(cfg *allauth.Config) { cfg.Account.KnownDeviceCookieName = "a b" },
		"Account.LoginByCode.RequiredFor": func(cfg *allauth.Config) {
			cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"pasword"}}
		},
		"Account.UsernameMinLength":  func(cfg *allauth.Config) { cfg.Account.UsernameMinLength = -1 },
		"Account.Password.MinLength": func(cfg *allauth.Config) { cfg.Account.Password.MinLength = 100000 },
		"docs/providers.md": func(cfg *allauth.Config) {
			cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{Provider: "gogle", ClientID: "id", ClientSecret: "secret"}}}
		},
		`SocialAccount.Providers[0] (google): Settings.Region`: func(cfg *allauth.Config) {
			cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{
				Provider: "google", ClientID: "id", ClientSecret: "secret", Settings: provider.Settings{Region: "eu"},
			}}}
		},
		`SocialAccount.CustomTrust["acme"]`: func(cfg *allauth.Config) {
			cfg.SocialAccount = &socialaccount.Config{CustomTrust: map[string]provider.Trust{"acme": {}}}
		},
		"Templates: mailtemplate: account/login_cod.txt": func(cfg *allauth.Config) {
			cfg.Templates = fstest.MapFS{"account/login_cod.txt": {Data: []byte("{{.Code}}")}}
		},
		"fs.Sub": func(cfg *allauth.Config) {
			cfg.Templates = fstest.MapFS{"mails/account/login_code.txt": {Data: []byte("{{.Code}}")}}
		},
		"Argon2id": func(cfg *allauth.Config) { cfg.Account.PasswordHash.Argon2id.MemoryKiB = 1 },
	} {
		cfg := allauth.Config{BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{}}
		spoil(&cfg)
		auth, err := allauth.New(cfg, memstore.New())
		if err == nil {
			_ = auth.Close(context.Background()) // it should not exist
			t.Errorf("no error that mentions %q", want)
			continue
		}
		if !strings.HasPrefix(err.Error(), "allauth: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %q", err, want)
		}
	}
	if _, err := allauth.New(allauth.Config{BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{}}, nil); err == nil {
		t.Error("a nil store is accepted")
	}
}

func TestPlainHTTPIsWarnedOf(t *testing.T) {
	t.Parallel()
	for base, warned := range map[string]bool{
		"https://app.example.org": false, "http://app.example.org": true, "http://localhost:8080": false, "http://127.0.0.1": false, "http://[::1]:1": false,
	} {
		log := &clienttest.Log{}
		auth, err := allauth.New(allauth.Config{
			BaseURL: base, Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{}, Logger: slog.New(slog.NewTextHandler(log, nil)),
		}, memstore.New())
		if err != nil {
			t.Fatal(err)
		}
		if err := auth.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if log.Contains("BaseURL is not https") != warned {
			t.Errorf("%s: warned of: %v", base, !warned)
		}
	}
}

// hostApp is an application with the library beside its own routes.
func hostApp(t *testing.T, s *clienttest.Server) *httptest.Server {
	t.Helper()
	me := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := s.Auth.UserFrom(r.Context())
		if !ok {
			_, _ = w.Write([]byte("anonymous")) // the client may not read it
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": user.ID, "methods": len(s.Auth.MethodsFrom(r.Context()))})
	})
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", s.Auth)
	mux.Handle("/open", me)
	mux.Handle("/me", s.Auth.RequireLogin(me))
	mux.Handle("/danger", s.Auth.RequireRecent(me))
	app := httptest.NewServer(s.Auth.Middleware(mux))
	t.Cleanup(app.Close)
	return app
}

func fetch(t *testing.T, c *clienttest.Client, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Token != "" {
		r.Header.Set("X-Session-Token", c.Token)
	}
	if cookie := c.Cookie("sessionid"); cookie != "" {
		r.AddCookie(&http.Cookie{Name: "sessionid", Value: cookie})
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var text strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := response.Body.Read(buffer)
		text.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	return response.StatusCode, text.String()
}

func TestTheHostsOwnRoutes(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t)
		app := hostApp(t, s)
		anonymous, user := s.Client(kind), s.SignUp(kind, "ann@example.org")

		if status, text := fetch(t, anonymous, app.URL+"/open"); status != 200 || text != "anonymous" {
			t.Errorf("open without a user: %d %s", status, text)
		}
		if status, text := fetch(t, anonymous, app.URL+"/me"); status != 401 || !strings.Contains(text, `"flows"`) {
			t.Errorf("me without a user: %d %s", status, text)
		}
		if status, text := fetch(t, user, app.URL+"/me"); status != 200 || !strings.Contains(text, `"methods":1`) {
			t.Errorf("me to a user: %d %s", status, text)
		}
		if status, _ := fetch(t, user, app.URL+"/danger"); status != 200 {
			t.Errorf("danger after a login: %d", status)
		}
		s.Clock.Advance(6 * time.Minute)
		if status, text := fetch(t, user, app.URL+"/danger"); status != 401 || !strings.Contains(text, `"reauthenticate"`) {
			t.Errorf("danger without a recent proof: %d %s", status, text)
		}
		user.Post("auth/reauthenticate", clienttest.Body{"password": clienttest.Password}).Status(200)
		if status, _ := fetch(t, user, app.URL+"/danger"); status != 200 {
			t.Errorf("danger after the proof: %d", status)
		}
		user.Delete("auth/session", nil)
		if status, _ := fetch(t, user, app.URL+"/me"); status != 401 {
			t.Errorf("me after logout: %d", status)
		}
	})
}

func TestTheHostCanLogOutSetPasswordsAndForget(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	c := s.SignUp(clienttest.App, "ann@example.org")
	id := userID(t, c)
	ctx := context.Background()

	if err := s.Auth.Users().EndSessions(ctx, id); err != nil {
		t.Fatal(err)
	}
	c.Get("auth/session").Status(410)
	if err := s.Auth.Users().SetPassword(ctx, id, "short"); err != nil {
		t.Fatal(err)
	}
	if kind := s.Mail("ann@example.org").Kind; kind != "account/password_changed" {
		t.Errorf("the owner got %q", kind)
	}
	s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "short"}).LoggedIn("ann@example.org")
	if err := s.Auth.Users().Delete(ctx, id); err != nil {
		t.Fatal(err)
	}
	s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "short"}).Problems("password:email_password_mismatch")
	s.Clock.Advance(clienttest.NextLink)
	s.SignUp(clienttest.App, "ann@example.org")
}

// An account of another system is imported with its password.
func TestTheHostMakesAccounts(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByUsername}
	})
	ctx := t.Context()
	imported := clienttest.NewAccount{
		NewUser:       authn.NewUser{Email: "Ann@Example.org", Username: "ann"},
		EmailVerified: true,
		PasswordHash:  "pbkdf2_sha256$1$salt$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs=",
	}
	if _, err := clienttest.Create(ctx, s.Auth, imported); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"email", "username"} {
		login := clienttest.Body{"password": "password", name: map[string]string{"email": "ann@example.org", "username": "Ann"}[name]}
		s.Client(clienttest.App).Post("auth/login", login).LoggedIn("ann@example.org")
	}
	// What is taken or invalid is left out and reported; the user is created.
	refused, err := s.Auth.Users().Create(ctx, users.Create{
		Username: "ANN", Emails: []users.Email{{Address: "ann@example.org"}, {Address: "no address"}, {Address: "other@example.org"}},
		Phone: users.Phone{Number: "1"}, PasswordHash: "password",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]error{}
	for _, skipped := range refused.Skipped {
		got[skipped.Field+" "+skipped.Value] = skipped.Err
	}
	var problems authn.Errors
	if len(got) != 5 || !errors.Is(got["username ANN"], authn.ErrConflict) || !errors.Is(got["email ann@example.org"], authn.ErrConflict) ||
		!errors.Is(got["password_hash "], password.ErrUnsupportedHash) || !errors.As(got["email no address"], &problems) || !errors.As(got["phone 1"], &problems) {
		t.Errorf("left out: %v", got)
	}
	if err := s.Auth.Users().SetPassword(ctx, refused.ID, clienttest.Password); err != nil {
		t.Fatal(err)
	}
	// An unverified address is verified at the first login.
	s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": "other@example.org", "password": clienttest.Password}).Status(401).Pending("verify_email")
}

func userID(t *testing.T, c *clienttest.Client) string {
	t.Helper()
	text, err := json.Marshal(c.Get("auth/session").Status(200).Value("data", "user", "id"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Trim(string(text), `"`)
}

func TestCleanDeletesWhatExpired(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store)
	c := s.SignUp(clienttest.App, "ann@example.org")
	s.Client(clienttest.App).Post("auth/password/request", clienttest.Body{"email": "ann@example.org"}).Status(200)
	s.Mail("ann@example.org")
	s.Clock.Advance(31 * 24 * time.Hour)
	if err := s.Auth.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	rows, err := store.SessionsByUser(context.Background(), userIDOf(t, store, "ann@example.org"))
	if err != nil || len(rows) > 0 {
		t.Errorf("%d sessions are left, error %v", len(rows), err)
	}
	c.Get("auth/session").Status(410)
}

func userIDOf(t *testing.T, store account.EmailStore, email string) string {
	t.Helper()
	rows, err := store.EmailsByAddress(context.Background(), email)
	if err != nil || len(rows) == 0 {
		t.Fatalf("no user with %s: %v", email, err)
	}
	return rows[0].UserID
}

// failingStore is a store whose database is down.
type failingStore struct {
	*memstore.Store
	down bool
}

var errDown = errors.New("pq: connection refused on 10.0.0.7 for user secret-user")

func (s *failingStore) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	if s.down {
		return nil, errDown
	}
	return s.Store.EmailsByAddress(ctx, email)
}

func TestAStoreThatIsDownIsA503ThatTellsNothing(t *testing.T) {
	t.Parallel()
	store := &failingStore{Store: memstore.New()}
	s := clienttest.StartOn(t, store)
	s.SignUp(clienttest.App, "ann@example.org")
	store.down = true
	c := s.Client(clienttest.App)
	answer := c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(503)
	if strings.Contains(answer.Text, "10.0.0.7") || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the client got %s, Retry-After %q", answer.Text, answer.Header.Get("Retry-After"))
	}
	store.down = false
	c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).LoggedIn("ann@example.org")
}

func TestEventsTellWhatHappened(t *testing.T) {
	t.Parallel()
	var names []string
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.OnEvent = func(_ context.Context, e authn.Event) { names = append(names, e.Name) }
	})
	c := s.SignUp(clienttest.App, "ann@example.org")
	c.Delete("auth/session", nil).Status(401)
	s.Client(clienttest.App).Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": "wrong-wrong-1"}).Status(400)
	want := []string{"account.user_signed_up", "account.email_confirmed", "account.user_logged_in", "account.user_logged_out", "account.login_failed"}
	if strings.Join(names, " ") != strings.Join(want, " ") {
		t.Errorf("events %v, want %v", names, want)
	}
}
