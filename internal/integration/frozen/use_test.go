package frozen_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Every database of an earlier version is upgraded, and everything that its
// clients and users had still works.
func TestFixturesOfEarlierVersionsWork(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/*/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, dir := range dirs {
		version, database := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
		open := databases[database]
		if open == nil {
			t.Errorf("%s is for no database that is known", dir)
			continue
		}
		t.Run(version+"/"+database, func(t *testing.T) {
			t.Parallel()
			f := readFixture(t, dir)
			op := f.startProvider(t)
			for _, codes := range []bool{false, true} {
				db := open(t, dir)
				if db == nil {
					return
				}
				for _, u := range uses {
					if u.codes != codes {
						continue
					}
					t.Run(u.scenario, func(t *testing.T) {
						s := f.start(t, db, op, codes)
						c, h := s.resume(u.scenario)
						if slices.Contains(ended, version+"/"+database) {
							useEnded(t, u.scenario, c, h)
							return
						}
						u.use(t, s, c, h)
					})
				}
			}
		})
	}
}

// Every scenario of a fixture is used by a test.
func TestEveryScenarioIsUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*", fixtureFile))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		for name := range readFixture(t, filepath.Dir(file)).Held {
			if !slices.ContainsFunc(uses, func(u use) bool { return u.scenario == name }) {
				t.Errorf("%s: %q is not used", file, name)
			}
		}
	}
}

// Fixtures are kept for ever.
func TestFixturesAreSmall(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir("testdata", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > 200<<10 {
			t.Errorf("%s has %d bytes", path, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// use is how a test uses what the client of a scenario had.
type use struct {
	scenario string
	// codes turns on verification and reset by code in place of links.
	codes bool
	use   func(t *testing.T, s *site, c *clienttest.Client, h *held)
}

// uses are in the order in which they run. Messages in the outbox come first, as
// every server delivers those that are due.
var uses = []use{
	{"mail in the outbox", false, func(_ *testing.T, s *site, _ *clienttest.Client, h *held) {
		s.Clock.Advance(time.Hour) // the mail is due again
		s.client(app).Post("auth/email/verify", body{"key": s.Mail(h.Email).Key()}).Status(401)
		s.client(app).Post("auth/login", body{"email": h.Email, "password": password}).LoggedIn(h.Email)
	}},
	{"text in the outbox", true, func(_ *testing.T, s *site, c *clienttest.Client, h *held) {
		s.Clock.Advance(5 * time.Minute) // the text is due again
		c.Post("auth/phone/verify", body{"code": s.Text(h.Phone).Code()}).LoggedIn(h.Email)
	}},
	{"browser session", false, func(_ *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		if c.Cookie("sessionid")+c.Cookie("__Host-sessionid") == "" || c.Cookie("csrftoken") == "" {
			c.Get("auth/session").Status(599) // shows the answer
		}
		c.Post("account/password/change", body{"current_password": password, "new_password": password + "!"})
		c.Get("auth/session").LoggedIn(h.Email)
		c.Delete("auth/session", nil).Status(401)
	}},
	{"app session", false, func(t *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		verified, err := s.Auth.VerifyAccessToken(t.Context(), h.Access)
		if err != nil || verified.UserID == "" {
			t.Fatalf("access token: %+v, %v", verified, err)
		}
		refresh(c)
		if _, err := s.Auth.VerifyAccessToken(t.Context(), c.AccessToken); err != nil {
			t.Fatalf("new access token: %v", err)
		}
		list, _ := c.Get("auth/sessions").Status(200).JSON["data"].([]any)
		current := 0
		for _, item := range list {
			if row, _ := item.(map[string]any); row["is_current"] == true && row["user_agent"] == "frozen" && row["ip"] != "" {
				current++
			}
		}
		if current != 1 || len(list) < 2 {
			t.Errorf("sessions: %v", list)
		}
	}},
	{"reused refresh token", false, func(_ *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		s.Clock.Advance(10 * time.Second) // past the grace
		c.Post("tokens/refresh", body{"refresh_token": h.Spent}).Status(400)
		c.Get("auth/session").Status(410)
	}},
	{"verification link app", false, useVerificationLink},
	{"verification link browser", false, useVerificationLink},
	{"link to a second address", false, func(t *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Post("auth/email/verify", body{"key": h.Secret}).Status(200)
		verified(t, c, "added@example.com")
	}},
	{"reset link", false, func(_ *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		s.client(app).Post("auth/password/reset", body{"key": h.Secret, "password": "another-" + password}).Status(401)
		c.Get("auth/session").Status(410) // a reset ends all sessions
		s.client(app).Post("auth/login", body{"email": h.Email, "password": "another-" + password}).LoggedIn(h.Email)
		s.client(app).Post("auth/password/reset", body{"key": h.Secret, "password": password}).Status(400)
	}},
	{"known device", false, func(_ *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		c.Delete("auth/session", nil).Status(401)
		s.client(app).Post("auth/login", body{"email": h.Email, "password": password}).Problems("too_many_login_attempts")
		c.Post("auth/login", body{"email": h.Email, "password": password}).LoggedIn(h.Email)
	}},
	{"imported user", false, func(t *testing.T, s *site, _ *clienttest.Client, h *held) {
		for _, name := range []body{{"email": h.Email}, {"username": h.Username}, {"phone": h.Phone}} {
			name["password"] = password
			c := s.client(app)
			c.Post("auth/login", name).LoggedIn(h.Email)
			phones, _ := c.Get("account/phone").Status(200).JSON["data"].([]any)
			if len(phones) != 1 || phones[0].(map[string]any)["phone"] != h.Phone || phones[0].(map[string]any)["verified"] != true {
				t.Errorf("phones: %v", phones)
			}
		}
		user := s.user(t, h.Email)
		if string(user.Extra["plan"]) != `"gold"` || user.Username != h.Username {
			t.Errorf("user: %+v", user)
		}
	}},
	{"provider account", false, func(t *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		again := s.byToken(s.client(app), "name:connected", "another@example.com").LoggedIn(h.Email)
		if id, _ := again.Value("data", "user", "id").(float64); itoa(id) != h.UserID {
			t.Errorf("user %v, want %s", id, h.UserID)
		}
		if token := s.providerToken(h.UserID); token != h.Secret {
			t.Errorf("token of the provider %q, want %q", token, h.Secret)
		}
	}},
	{"provider sign-up", false, func(t *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/provider/signup").Status(200)
		c.Post("auth/provider/signup", body{"email": h.Email}).Status(401).Pending("verify_email")
		c.Post("auth/email/verify", body{"key": s.Mail(h.Email).Key()})
		s.byToken(s.client(app), "newcomer", "").LoggedIn(h.Email)
	}},
	{"provider redirect", false, func(_ *testing.T, s *site, c *clienttest.Client, h *held) {
		// The provider listens at another address today.
		_, query, _ := strings.Cut(h.URL, "/authorize")
		authorize := s.op.Issuer() + "/authorize" + query
		s.endRedirect(c, authorize, "Ann", h.Email)
		c.Get("auth/session").LoggedIn(h.Email)
	}},
	{"verification code app", true, useVerificationCode},
	{"verification code browser", true, useVerificationCode},
	{"login code app", true, useLoginCode},
	{"login code browser", true, useLoginCode},
	{"phone of a sign-up", true, func(_ *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").Status(401).Pending("verify_phone")
		c.Post("auth/phone/verify", body{"code": h.Secret}).Status(401).Pending("verify_email")
		c.Post("auth/email/verify", body{"key": s.Mail(h.Email).Code()}).LoggedIn(h.Email)
	}},
	{"new phone", true, func(t *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Post("auth/phone/verify", body{"code": h.Secret}).LoggedIn(h.Email)
		if text := c.Get("account/phone").Status(200).Text; !strings.Contains(text, h.Phone) {
			t.Errorf("phones: %s", text)
		}
	}},
	{"code to a second address", true, func(t *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Post("auth/email/verify", body{"key": h.Secret}).Status(200)
		verified(t, c, "added-by-code@example.com")
	}},
	{"reset code", true, func(_ *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").Status(401).Pending("password_reset_by_code")
		c.Post("auth/password/reset", body{"key": h.Secret, "password": "another-" + password}).Status(401)
		s.client(app).Post("auth/login", body{"email": h.Email, "password": "another-" + password}).LoggedIn(h.Email)
	}},
	{"TOTP", true, func(t *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		c = s.waiting(app, h.Email)
		c.Post("auth/2fa/authenticate", body{"code": h.Used}).Status(400)
		c.Post("auth/2fa/authenticate", body{"code": totpCode(t, h.Secret, s.fixture.At)}).Status(400) // used, too
		c.Post("auth/2fa/authenticate", body{"code": h.Codes[0]}).LoggedIn(h.Email)
		s.Clock.Advance(30 * time.Second)
		s.waiting(app, h.Email).Post("auth/2fa/authenticate", body{"code": totpCode(t, h.Secret, s.Clock.Now())}).LoggedIn(h.Email)
		if left := recoveryCodes(c); !slices.Equal(left, h.Codes[1:]) {
			t.Errorf("codes %v, want %v", left, h.Codes[1:])
		}
	}},
	{"login waiting for TOTP app", true, useLoginWaitingForTOTP},
	{"login waiting for TOTP browser", true, useLoginWaitingForTOTP},
	{"TOTP being set up", true, func(t *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Post("account/authenticators/totp", body{"code": totpCode(t, h.Secret, s.Clock.Now())}).Status(200)
		s.waiting(app, h.Email)
	}},
	{"login waiting for trust", true, func(_ *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").Status(401).Pending("mfa_trust")
		c.Post("auth/2fa/trust", body{"trust": false}).LoggedIn(h.Email)
	}},
	{"trusted browser", true, func(_ *testing.T, _ *site, c *clienttest.Client, h *held) {
		answer := c.Post("auth/login", body{"email": h.Email, "password": password})
		if h.Cookies["mfa_trusted"] == "" {
			answer.LoggedIn(h.Email)
			return
		}
		// An upgrade ended it: a cookie of that name does not say what the trust was given after.
		answer.Status(401).Pending("mfa_authenticate")
	}},
	{"passkey", true, func(t *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").LoggedIn(h.Email)
		if text := c.Get("account/authenticators").Status(200).Text; !strings.Contains(text, `"name":"Key"`) || !strings.Contains(text, `"is_passwordless":true`) {
			t.Errorf("authenticators: %s", text)
		}
		c = s.client(browser)
		options := c.Get("auth/webauthn/login").Status(200).Value("data", "request_options")
		c.Post("auth/webauthn/login", body{"credential": h.device().get(t, options)}).LoggedIn(h.Email)
	}},
	{"passkey login", true, func(t *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Post("auth/webauthn/login", body{"credential": h.device().get(t, h.Options)}).LoggedIn(h.Email)
	}},
	{"login waiting for a key", true, func(t *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").Status(401).Pending("mfa_authenticate")
		c.Post("auth/webauthn/authenticate", body{"credential": h.device().get(t, h.Options)}).Status(401).Pending("mfa_trust")
		c.Post("auth/2fa/trust", body{"trust": true}).LoggedIn(h.Email)
	}},
	{"key being added", true, func(t *testing.T, s *site, c *clienttest.Client, h *held) {
		c.Post("account/authenticators/webauthn", body{"name": "New", "credential": h.device().create(t, h.Options)}).Status(200)
		s.waiting(app, h.Email)
	}},
	{"sign-up by passkey", true, func(t *testing.T, _ *site, c *clienttest.Client, h *held) {
		c.Get("auth/session").Status(401).Pending("mfa_signup_webauthn")
		c.Put("auth/webauthn/signup", body{"name": "Mine", "credential": h.device().create(t, h.Options)}).LoggedIn(h.Email)
	}},
}

// ended are the fixtures whose sessions and codes an upgrade ends, as their keys in
// Redis had other names. The new version stores its keys beside the old ones, which
// expire.
var ended = []string{"a7032ae/redis"}

// useEnded checks that the session of the client has ended, and that the client
// begins another one.
func useEnded(t *testing.T, scenario string, c *clienttest.Client, h *held) {
	status := http.StatusUnauthorized
	if c.Token != "" {
		status = http.StatusGone
	}
	c.Get("auth/session").Status(status)
	c.Token = ""
	answer := c.Post("auth/login", body{"email": h.Email, "password": password})
	switch {
	case slices.Contains([]string{"app session", "browser session", "reset link", "new phone"}, scenario):
		answer.LoggedIn(h.Email)
		c.Get("auth/session").LoggedIn(h.Email)
	case !slices.Contains([]int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized}, answer.StatusCode):
		t.Errorf("login: status %d: %s", answer.StatusCode, answer.Text)
	}
}

func useVerificationLink(_ *testing.T, s *site, c *clienttest.Client, h *held) {
	c.Get("auth/session").Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": h.Secret}).Status(401)
	c.Post("auth/login", body{"email": h.Email, "password": password}).LoggedIn(h.Email)
	s.client(app).Post("auth/email/verify", body{"key": h.Secret}).Status(400) // once
}

func useVerificationCode(_ *testing.T, _ *site, c *clienttest.Client, h *held) {
	c.Get("auth/session").Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": "WRON-GONE"}).Status(400)
	c.Post("auth/email/verify", body{"key": h.Secret}).LoggedIn(h.Email)
}

func useLoginCode(_ *testing.T, _ *site, c *clienttest.Client, h *held) {
	c.Get("auth/session").Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": h.Secret}).LoggedIn(h.Email)
}

func useLoginWaitingForTOTP(t *testing.T, s *site, c *clienttest.Client, h *held) {
	c.Get("auth/session").Status(401).Pending("mfa_authenticate")
	secret := s.fixture.Held["TOTP"].Secret
	s.Clock.Advance(map[clienttest.Kind]time.Duration{app: time.Minute, browser: 90 * time.Second}[c.Kind]) // each code once
	answer := c.Post("auth/2fa/authenticate", body{"code": totpCode(t, secret, s.Clock.Now())})
	if c.Kind == browser {
		answer.Status(401).Pending("mfa_trust")
		answer = c.Post("auth/2fa/trust", body{"trust": false})
	}
	answer.LoggedIn(h.Email)
}

// verified fails the test unless the user has verified the address.
func verified(t *testing.T, c *clienttest.Client, email string) {
	t.Helper()
	list, _ := c.Get("account/email").Status(200).JSON["data"].([]any)
	for _, item := range list {
		if row, _ := item.(map[string]any); row["email"] == email && row["verified"] == true {
			return
		}
	}
	t.Errorf("%s is not verified: %v", email, list)
}

// user returns the user who logs in with the address, as the host sees them.
func (s *site) user(t *testing.T, email string) *authn.User {
	t.Helper()
	var user *authn.User
	host := s.Auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		user, _ = s.Auth.UserFrom(r.Context())
	}))
	c := s.logIn(app, email)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, baseURL+"/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Session-Token", c.Token)
	request.RemoteAddr = "198.51.100.1:1234"
	host.ServeHTTP(httptest.NewRecorder(), request)
	if user == nil {
		t.Fatalf("%s is not logged in at a route of the host", email)
	}
	return user
}
