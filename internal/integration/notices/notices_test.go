package notices_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage"
)

type body = clienttest.Body

const (
	ann = "ann@example.org"
	app = clienttest.App
)

// withFactors turns on second factors, and verification by code.
func withFactors(cfg *allauth.Config) {
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	cfg.MFA = &mfa.Config{Issuer: "Example", SupportedTypes: []mfa.Type{mfa.TOTP, mfa.RecoveryCodes}}
}

func reauthenticated(s *clienttest.Server) *clienttest.Client {
	c := s.SignUp(app, ann)
	c.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
	return c
}

// A logout redirects to no address that a request names.
func TestNotice65191ALogoutRedirectsNowhere(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		c := s.SignUp(kind, fmt.Sprintf("%v@example.org", kind))
		c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		answer := c.Delete("auth/session?post_logout_redirect_uri=https%3A%2F%2Fevil.example.org", nil).Status(401)
		if where := answer.Header.Get("Location"); where != "" {
			t.Errorf("redirects to %s", where)
		}
	})
}

// JSON that is no object is the client's error.
func TestNotice65192ABodyThatIsNoObjectIsRefused(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withFactors, clienttest.Unlimited)
	c := reauthenticated(s)
	for _, endpoint := range []string{
		"auth/login", "auth/signup", "auth/reauthenticate", "auth/password/request", "account/email", "account/password/change", "account/authenticators/totp",
	} {
		for _, text := range []string{`[]`, `["a"]`, `"text"`, `17`, `true`, `null`} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL(endpoint), strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("X-Session-Token", c.Token)
			response, err := c.HTTP.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if err := response.Body.Close(); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != http.StatusBadRequest {
				t.Errorf("%s of %s: status %d, want 400", endpoint, text, response.StatusCode)
			}
		}
	}
}

// The codes that set up an authenticator app are limited like those of a login.
func TestNotice65192CodesOfANewAppAreLimited(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withFactors)
	c := reauthenticated(s)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	right, err := totp.GenerateCode(secret, s.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	first, err := strconv.Atoi(right)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i := range 20 {
		wrong := fmt.Sprintf("%06d", (first+17+i)%1_000_000)
		if strings.Contains(c.Post("account/authenticators/totp", body{"code": wrong}).Text, "incorrect_code") {
			compared++
		}
	}
	if compared == 0 || compared > 10 {
		t.Errorf("%d wrong codes were compared", compared)
	}
	if answer := c.Post("account/authenticators/totp", body{"code": right}); answer.StatusCode == 200 {
		t.Error("the right code is accepted after too many wrong ones")
	}
}

// changedElsewhere stores another hash of the user's password, as a host's own
// tool would.
func changedElsewhere(t *testing.T, store storage.Store, cfg allauth.Config, c *clienttest.Client) {
	t.Helper()
	id, _ := c.Get("auth/session").Status(200).Value("data", "user", "id").(float64)
	userID := strconv.FormatFloat(id, 'f', 0, 64)
	old, err := store.PasswordHash(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := password.NewHasher(cfg.Account.PasswordHash)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := hasher.Hash(t.Context(), "an-0ther-pass-of-the-host")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SwapPasswordHash(t.Context(), userID, old, hash); err != nil {
		t.Fatal(err)
	}
}

// Access and refresh tokens end with a password that is changed outside of the
// library, too.
func TestNotice65193TokensEndWithThePassword(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store, func(cfg *allauth.Config) {
		cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
	})
	c := s.SignUp(app, ann)
	answer := s.Client(app).Post("auth/login", body{"email": ann, "password": clienttest.Password}).LoggedIn(ann)
	access, _ := answer.Value("meta", "access_token").(string)
	refresh, _ := answer.Value("meta", "refresh_token").(string)
	if _, err := s.Auth.VerifyAccessToken(t.Context(), access); err != nil {
		t.Fatalf("before the change: %v", err)
	}
	changedElsewhere(t, store, s.Config, c)
	if _, err := s.Auth.VerifyAccessToken(t.Context(), access); err == nil {
		t.Error("the access token is accepted")
	}
	if answer := s.Client(app).Post("tokens/refresh", body{"refresh_token": refresh}); answer.StatusCode == 200 {
		t.Error("the refresh token is accepted")
	}
}

// Parallel attempts gain nothing.
func TestNotice65193ParallelAttemptsKeepTheLimit(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.SignUp(app, ann)
	var compared atomic.Int64
	clienttest.Parallel(64, func(int) {
		answer := s.Client(app).Post("auth/login", body{"email": ann, "password": "wrong-wrong-1"})
		if strings.Contains(answer.Text, "email_password_mismatch") {
			compared.Add(1)
		}
	})
	if n := compared.Load(); n != 5 {
		t.Errorf("%d passwords were compared, want 5", n)
	}
}

// A code of an app and a recovery code log in once, however many requests send
// them at once, and of several new sets of recovery codes one is left.
func TestNotice65193CodesOfFactorsAreUsedOnce(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, withFactors, clienttest.Unlimited)
	s.Clock.Advance(30*time.Second - time.Duration(s.Clock.Now().UnixNano())%(30*time.Second)) // to where a code begins
	c := reauthenticated(s)
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	code := func() string {
		text, err := totp.GenerateCode(secret, s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	c.Post("account/authenticators/totp", body{"code": code()}).Status(200)
	recovery := func() []any {
		list, _ := c.Get("account/authenticators/recovery-codes").Status(200).Value("data", "unused_codes").([]any)
		return list
	}
	s.Clock.Advance(30 * time.Second)
	for kind, text := range map[string]any{"a code of the app": code(), "a recovery code": recovery()[0]} {
		pending := make([]*clienttest.Client, 8)
		for i := range pending {
			pending[i] = s.Client(app)
			pending[i].Post("auth/login", body{"email": ann, "password": clienttest.Password}).Status(401)
		}
		var won atomic.Int64
		clienttest.Parallel(len(pending), func(i int) {
			if pending[i].Post("auth/2fa/authenticate", body{"code": text}).StatusCode == http.StatusOK {
				won.Add(1)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%s logged in %d times", kind, won.Load())
		}
	}
	before := recovery()
	clienttest.Parallel(8, func(int) { c.Clone().Post("account/authenticators/recovery-codes", body{}) })
	after := recovery()
	if len(after) != 10 || after[0] == before[0] {
		t.Errorf("%d recovery codes are left", len(after))
	}
	pending := s.Client(app)
	pending.Post("auth/login", body{"email": ann, "password": clienttest.Password}).Status(401)
	if answer := pending.Post("auth/2fa/authenticate", body{"code": before[1]}); answer.StatusCode == 200 {
		t.Error("a recovery code that was replaced logs in")
	}
}

// A name that the collation of a database takes for another one logs in to no
// account, and different spellings of one name share their limit.
func TestNotice65194NamesThatACollationConfuses(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername, account.LoginByEmail}
		cfg.Account.SignupFields = []string{"email*", "username*", "password1*"}
		cfg.Account.EmailVerification = authn.VerificationOptional
	})
	s.Client(app).Post("auth/signup", body{"email": "admin@example.org", "username": "admin", "password": clienttest.Password}).Status(200)
	for _, in := range []body{
		{"username": "ádmin"}, {"username": "admin\u0301"}, {"username": "аdmin"}, {"username": "admiñ"},
		{"email": "ádmin@example.org"}, {"email": "admin@examplé.org"}, {"email": "admin@exampIe.org"},
	} {
		in["password"] = clienttest.Password
		if answer := s.Client(app).Post("auth/login", in); answer.StatusCode == 200 {
			t.Errorf("%v logs in", in)
		}
	}
	compared := 0
	for range 4 {
		for _, name := range []string{"admin", "ADMIN", "Admin", "ａｄｍｉｎ", "aDMIN"} {
			if strings.Contains(s.Client(app).Post("auth/login", body{"username": name, "password": "wrong-wrong-1"}).Text, "username_password_mismatch") {
				compared++
			}
		}
	}
	if compared != 5 {
		t.Errorf("%d passwords of one account were compared, want 5", compared)
	}
}

// No setting makes arbitrary hosts safe.
func TestNotice65195RedirectsStayAtTheSite(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{Provider: "github", ClientID: "c", ClientSecret: "s"}}}
	})
	c := s.Client(clienttest.Browser)
	c.Get("config").Status(200)
	c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, callback := range []string{"https://evil.example.org/", "//evil.example.org", "https:evil.example.org", `/\evil.example.org`} {
		response, err := c.HTTP.PostForm(c.URL("auth/provider/redirect"), url.Values{
			"provider": {"github"}, "process": {"login"}, "callback_url": {callback}, "csrfmiddlewaretoken": {c.Cookie("csrftoken")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if where := response.Header.Get("Location"); !strings.HasPrefix(where, s.URL) {
			t.Errorf("%s leads to %s", callback, where)
		}
	}
	cfg := s.Config
	for _, origin := range []string{"*", "https://*", "https://*.example.org"} {
		cfg.TrustedOrigins = []string{origin}
		if auth, err := allauth.New(cfg, clienttest.Open(t)); err == nil {
			t.Errorf("TrustedOrigins takes %q", origin)
			if err := auth.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
}

// The host's own routes refuse a session token after the password was changed
// outside of the library.
func TestNotice65195SessionTokensEndWithThePassword(t *testing.T) {
	t.Parallel()
	store := clienttest.Open(t)
	s := clienttest.StartOn(t, store)
	c := s.SignUp(app, ann)
	page := s.Auth.Middleware(s.Auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })))
	visit := func() int {
		r := httptest.NewRequest(http.MethodGet, "/page", nil)
		r.Header.Set("X-Session-Token", c.Token)
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		return w.Code
	}
	if status := visit(); status != http.StatusOK {
		t.Fatalf("status %d before the change", status)
	}
	changedElsewhere(t, store, s.Config, c)
	if status := visit(); status != http.StatusUnauthorized {
		t.Errorf("status %d after the change, want 401", status)
	}
}
