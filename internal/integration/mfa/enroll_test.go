package mfa_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
)

const totpPath = "account/authenticators/totp"

// requirement is the host's rule who must have a second factor: everyone, once on is set.
type requirement struct {
	on    atomic.Bool
	asked atomic.Int64
	err   atomic.Pointer[error]
}

func (r *requirement) edit(cfg *allauth.Config) {
	cfg.MFA.RequiredFor = func(context.Context, *authn.User) (bool, error) {
		r.asked.Add(1)
		if err := r.err.Load(); err != nil {
			return false, *err
		}
		return r.on.Load(), nil
	}
}

// startRequiring starts a server whose rule applies from the call of the result on.
func startRequiring(t testing.TB, edit ...func(cfg *allauth.Config)) (s *clienttest.Server, rule *requirement) {
	t.Helper()
	rule = &requirement{}
	return start(t, append(edit, rule.edit)...), rule
}

// byPassword logs in with a password and the mailed code.
func byPassword(s *clienttest.Server, kind clienttest.Kind, email string) *clienttest.Client {
	c := s.Client(kind)
	c.Post("auth/login", body{"email": email, "password": password}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", email).Code()}).Status(401).Pending("mfa_enroll")
	return c
}

// setUp begins the setup of an app.
func setUp(t testing.TB, s *clienttest.Server, c *clienttest.Client) *app {
	t.Helper()
	secret, _ := c.Get(totpPath).Status(404).Value("meta", "secret").(string)
	return &app{t, s, secret}
}

// A password alone leads to a code, the code to the enrolment, and the enrolment to the
// login.
func TestAUserMustEnroll(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s, rule := startRequiring(t, happened.collect, withTokens, setting(func(cfg *mfa.Config) { cfg.TrustEnabled = false }))
		s.SignUp(kind, ann)
		rule.on.Store(true)
		c := s.Client(kind)
		c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
		enrollEndpoints := func(c *clienttest.Client, status int) {
			t.Helper()
			c.Get(totpPath).Status(status)
			c.Post(totpPath, body{"code": "123456"}).Status(status)
			c.Get(keysPath + "?passwordless").Status(status)
			c.Post(keysPath, body{"credential": body{}}).Status(status)
		}
		enrollEndpoints(c, 401) // a stolen password does not enroll the thief
		c.Post("auth/code/resend", nil).Status(409)
		answer := c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("mfa_enroll")
		if !strings.Contains(answer.Text, `{"id":"mfa_enroll","is_pending":true,"types":["totp","webauthn"]}`) {
			t.Errorf("flows: %s", answer.Text)
		}
		c.Get("auth/session").Status(401).Pending("mfa_enroll") // the page was reloaded
		for _, refused := range []string{
			"GET account/authenticators", "GET account/authenticators/recovery-codes", "POST account/authenticators/recovery-codes",
			"DELETE " + totpPath, "PUT " + keysPath, "DELETE " + keysPath, "GET account/email", "GET auth/sessions",
			"GET auth/webauthn/authenticate", "POST auth/2fa/authenticate", "POST auth/2fa/reauthenticate",
		} {
			method, path, _ := strings.Cut(refused, " ")
			if got := c.Do(method, path, body{}); got.StatusCode != 401 {
				t.Errorf("%s: %s", refused, got.Text)
			}
		}
		a := setUp(t, s, c)
		c.Post(totpPath, body{"code": a.wrong()}).Problems("code:incorrect_code")
		c.Get("auth/session").Status(401).Pending("mfa_enroll")
		before := c.Token
		c.Post(totpPath, body{"code": a.code(0)}).Status(200)
		if kind == clienttest.App && (c.Token == before || c.AccessToken == "") {
			t.Error("the app got no tokens with its login")
		}
		if got := methods(c.Get("auth/session").LoggedIn(ann)); !slices.Equal(got, []string{"password", "code", "mfa totp"}) {
			t.Errorf("methods %v", got)
		}
		if len(codesOf(c)) != 10 { // they are viewed next
			t.Error("no recovery codes")
		}
		if m := s.Mail(ann); m.Kind != "mfa/totp_activated" {
			t.Errorf("mail %s", m.Kind)
		}
		if added := take[mfa.AuthenticatorAdded](happened); len(added) != 2 {
			t.Errorf("events %v", added)
		}
		// From now on the app is the second factor, and the host is not asked.
		s.Clock.Advance(time.Minute)
		asked := rule.asked.Load()
		passwordLogin(s, kind, ann).Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
		if got := rule.asked.Load(); got != asked {
			t.Errorf("the host was asked %d times about a user with a second factor", got-asked)
		}
	})
}

func withTokens(cfg *allauth.Config) {
	cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
}

// A new user enrolls after the verification of the address, with a passkey.
func TestASignUpEnrolls(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s, rule := startRequiring(t)
		rule.on.Store(true)
		c := s.Client(kind)
		c.Post("auth/signup", body{"email": ann, "password": password}).Status(401).Pending("verify_email")
		c.Get(keysPath).Status(401)
		c.Post("auth/email/verify", body{"key": s.Mail(ann).Code()}).Status(401).Pending("mfa_enroll")
		c.Get(keysPath + "?passwordless&mediation=conditional").Status(409) // a silent passkey is no second factor
		d := newDevice(t, s)
		d.auth.Options.UserNotPresent = true
		c.Post(keysPath, body{"credential": body{}}).Status(400)
		answer := d.create(creation(c.Get(keysPath + "?passwordless")))
		c.Post(keysPath, body{"credential": answer}).Problems("incorrect_code")
		d.auth.Options.UserNotPresent = false
		c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath + "?passwordless")))}).Status(200)
		c.Get("auth/session").LoggedIn(ann)
		other := s.Client(kind)
		other.Post(loginPath, body{"credential": d.get(request(other.Get(loginPath)))}).LoggedIn(ann)

		// With a passkey from the start there is nothing to enroll.
		passkey := signingUp(s, bob)
		passkey.Put(signupPath, body{"credential": newDevice(t, s).create(creation(passkey.Get(signupPath)))}).LoggedIn(bob)
	})
}

// The stage ends with the login: by the user, by time, and by a new password.
func TestAnEnrolmentEnds(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t, func(cfg *allauth.Config) { cfg.Account.PasswordResetByCode = &account.CodeConfig{} })
	owner := s.SignUp(clienttest.App, ann)
	rule.on.Store(true)
	c := byPassword(s, clienttest.App, ann)
	c.Delete("auth/session", nil).Status(401)
	c.Get(totpPath).Status(410)

	s.Clock.Advance(clienttest.NextCode)
	c = byPassword(s, clienttest.App, ann)
	a := setUp(t, s, c)
	s.Clock.Advance(s.Config.LoginTimeout + 16*time.Minute)
	c.Post(totpPath, body{"code": a.code(0)}).Status(401)

	s.Clock.Advance(clienttest.NextCode)
	c = byPassword(s, clienttest.App, ann)
	a = setUp(t, s, c)
	owner.Post("account/password/change", body{"current_password": password, "new_password": password + "!"}).Status(200)
	c.Post(totpPath, body{"code": a.code(0)}).Status(401)
	if got := types(owner); len(got) > 0 {
		t.Errorf("authenticators %v", got)
	}
}

// An account without a contact to which a code can be sent is refused, unless the host
// logs the user in or adds an address.
func TestAnEnrolmentWithoutAContact(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername}
		cfg.Account.SignupFields = []string{"username*", "password1*"}
		cfg.Account.EmailVerification, cfg.Account.EmailVerificationByCode = authn.VerificationOptional, nil
		cfg.MFA.PasskeySignupEnabled = false
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"username": "ann", "password": password}).Status(200)
	id := userID(c)
	rule.on.Store(true)
	c = s.Client(clienttest.App)
	c.Post("auth/login", body{"username": "ann", "password": password}).Problems("mfa_enroll_blocked")
	c.Get(totpPath).Status(401)
	s.Log.Wait(t, "Users.AddEmail")

	// A new user has just chosen the password.
	bob := s.Client(clienttest.App)
	bob.Post("auth/signup", body{"username": "bob", "password": password}).Status(401).Pending("mfa_enroll")
	bob.Post(totpPath, body{"code": setUp(t, s, bob).code(0)}).Status(200)

	result, err := s.Auth.NewSessionToken(t.Context(), id, allauth.LoginOptions{})
	if err != nil || result.Pending != "mfa_enroll" {
		t.Fatalf("%+v, %v", result, err)
	}
	if _, err := s.Auth.NewSessionToken(t.Context(), id, allauth.LoginOptions{Method: authn.Method{Name: "password"}}); err == nil || !strings.Contains(err.Error(), "mfa_enroll_blocked") {
		t.Errorf("a password of the host: %v", err)
	}
	if result, err := s.Auth.NewSessionToken(t.Context(), id, allauth.LoginOptions{SecondFactorChecked: true}); err != nil || result.User == nil {
		t.Errorf("a second factor of the host: %+v, %v", result, err)
	}
	if err := s.Auth.Users().AddEmail(t.Context(), id, ann, true); err != nil {
		t.Fatal(err)
	}
	c = s.Client(clienttest.App)
	c.Post("auth/login", body{"username": "ann", "password": password}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("mfa_enroll")
	c.Post(totpPath, body{"code": setUp(t, s, c).code(0)}).Status(200)
	c.Get("auth/session").Status(200)
}

// Where addresses need not be verified, that of a new user is verified by the code before
// the enrolment; an address that was added later stays as it is and does not block.
func TestAnEnrolmentVerifiesTheAddressFirst(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification, cfg.Account.EmailVerificationByCode = authn.VerificationOptional, nil
		cfg.MFA.PasskeySignupEnabled = false
	})
	owner := s.Client(clienttest.App)
	owner.Post("auth/signup", body{"email": bob, "password": password}).LoggedIn(bob)
	owner.Post("auth/email/verify", body{"key": s.Mail(bob).Key()}).Status(200)
	reauthenticate(owner)
	owner.Post("account/email", body{"email": "second@example.org"}).Status(200)
	owner.Get(totpPath).Status(409) // while logged in
	rule.on.Store(true)

	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
	c.Get(totpPath).Status(401)
	c.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("mfa_enroll")
	c.Post(totpPath, body{"code": setUp(t, s, c).code(0)}).Status(200)
	if text := c.Get("account/email").Status(200).Text; !strings.Contains(text, `"verified":true`) {
		t.Errorf("addresses: %s", text)
	}

	c = byPassword(s, clienttest.App, bob)
	c.Post(totpPath, body{"code": setUp(t, s, c).code(0)}).Status(200)
	c.Get("auth/session").LoggedIn(bob)
}

// Of several enrolments at once, in one session and in several, one adds a factor. The
// others have to show it.
func TestTwoEnrolmentsAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		rule := &requirement{}
		s := clienttest.StartOn(t, store, every, rule.edit, clienttest.Unlimited)
		s.SignUp(clienttest.App, ann)
		rule.on.Store(true)
		clients, codes := make([]*clienttest.Client, 8), make([]string, 8)
		for i := range clients {
			if i%2 == 1 {
				clients[i], codes[i] = clients[i-1].Clone(), codes[i-1]
				continue
			}
			clients[i] = byPassword(s, clienttest.App, ann)
			codes[i] = setUp(t, s, clients[i]).code(0)
		}
		if won := winners(len(clients), func(i int) *clienttest.Answer { return clients[i].Post(totpPath, body{"code": codes[i]}) }); won != 1 {
			t.Errorf("%d enrolments", won)
		}
		loggedIn, waiting := 0, 0
		for _, c := range clients {
			switch a := c.Get("auth/session"); {
			case a.StatusCode == 200:
				loggedIn++
				if got := types(c); !slices.Equal(got, []string{"totp", "recovery_codes"}) {
					t.Errorf("authenticators %v", got)
				}
			case a.IsPending("mfa_authenticate"):
				waiting++
				c.Get(totpPath).Status(401)
			case a.IsPending("mfa_enroll"):
				t.Errorf("a login still waits for an enrolment: %s", a.Text)
			}
		}
		if loggedIn != 1 || waiting < 6 {
			t.Errorf("%d clients are logged in, %d wait for the second factor", loggedIn, waiting)
		}
	})
}

// Options that were requested before another session added a factor add none.
func TestALateEnrolment(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t, clienttest.Unlimited)
	s.SignUp(clienttest.App, ann)
	rule.on.Store(true)
	c, other := byPassword(s, clienttest.App, ann), byPassword(s, clienttest.App, ann)
	late := newDevice(t, s).create(creation(other.Get(keysPath)))
	c.Post(totpPath, body{"code": setUp(t, s, c).code(0)}).Status(200)
	other.Post(keysPath, body{"credential": late}).Status(409)
	other.Get("auth/session").Status(401).Pending("mfa_authenticate")
	if got := types(c); !slices.Equal(got, []string{"totp", "recovery_codes"}) {
		t.Errorf("authenticators %v", got)
	}
}

// If the host cannot say who must enroll, the login fails, and nothing is lost. If it says
// so too late for a code, the login starts again.
func TestTheRuleOfTheHostFails(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t, func(cfg *allauth.Config) { cfg.Account.LoginByCode = &account.LoginByCodeConfig{} })
	s.SignUp(clienttest.App, ann)
	down := errors.New("the directory is down")
	rule.err.Store(&down)
	s.Client(clienttest.App).Post("auth/login", body{"email": ann, "password": password}).Status(503)
	byCode := s.Client(clienttest.App)
	byCode.Post("auth/code/request", body{"email": ann}).Status(401).Pending("login_by_code")
	code := s.MailOf("account/login_code", ann).Code()
	byCode.Post("auth/code/confirm", body{"code": code}).Status(503)
	rule.err.Store(nil)
	byCode.Post("auth/code/confirm", body{"code": code}).LoggedIn(ann)

	rule.on.Store(true)
	reset := s.Client(clienttest.App)
	reset.Post("auth/password/request", body{"email": ann}).Status(200)
	reset.Post("auth/password/reset", body{"key": s.MailOf("account/password_reset_key", ann).Key(), "password": password + "!"}).Status(401)
}

// A rule that begins to apply after the code would have been sent does not let a password
// enroll: the login starts again.
func TestARuleThatComesLate(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t, clienttest.Unlimited, func(cfg *allauth.Config) {
		cfg.Account.Phone = &account.PhoneConfig{}
		cfg.Account.SignupFields = []string{"email*", "phone*", "password1*"}
		cfg.Account.EmailVerification, cfg.Account.EmailVerificationByCode = authn.VerificationOptional, nil
		cfg.MFA.PasskeySignupEnabled = false
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": ann, "phone": "+31612345678", "password": password}).Status(401).Pending("verify_phone")
	s.Text("+31612345678")
	c = s.Client(clienttest.App)
	c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("verify_phone")
	rule.on.Store(true)
	c.Post("auth/phone/verify", body{"code": s.Text("+31612345678").Code()}).Status(401).Pending()
	c.Get(totpPath).Status(401)
	c = s.Client(clienttest.App)
	c.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", body{"code": s.Text("+31612345678").Code()}).Status(401).Pending("mfa_enroll")
}

// The first second factor ends the other sessions, with their tokens, and trust in
// browsers; the next one does not.
func TestTheFirstFactorEndsOtherSessions(t *testing.T) {
	t.Parallel()
	s := start(t, withTokens)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	thief, browser := s.LogIn(clienttest.App, ann), s.LogIn(clienttest.Browser, ann)
	foreign := s.SignUp(clienttest.App, bob)
	refresh := thief.RefreshToken
	a := addApp(t, s, c)
	c.Get("auth/session").LoggedIn(ann)
	foreign.Get("auth/session").LoggedIn(bob)
	thief.Get("auth/session").Status(410)
	s.Client(clienttest.App).Post("tokens/refresh", body{"refresh_token": refresh}).Status(400)
	if _, err := s.Auth.VerifyAccessToken(t.Context(), thief.AccessToken); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("an access token of an ended session: %v", err)
	}
	browser.Get("auth/session").Status(401)

	second := passwordLogin(s, clienttest.App, ann)
	second.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	addKey(t, s, c, true)
	second.Get("auth/session").LoggedIn(ann)
}

// A login that has passed a code, and waits for the user's trust, needs the second factor
// that another session adds meanwhile.
func TestTheFirstFactorStopsALaterStage(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{RequiredFor: []string{"password"}, TrustEnabled: true}
	})
	owner := signUpByCode(s)
	thief := s.Client(clienttest.Browser)
	s.Clock.Advance(clienttest.NextCode)
	thief.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("login_by_code")
	thief.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).Status(401).Pending("mfa_trust")
	reauthenticate(owner)
	a := addApp(t, s, owner)
	thief.Post("auth/2fa/trust", body{"trust": true}).Status(401).Pending("mfa_authenticate")
	thief.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending("mfa_trust")
	thief.Post("auth/2fa/trust", body{"trust": false}).LoggedIn(ann)
}

// What the host requires of users it can require of its routes, too.
func TestEnrolledUsersPassTheRoutes(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t)
	s.SignUp(clienttest.App, ann)
	rule.on.Store(true)
	c := byPassword(s, clienttest.App, ann)
	c.Post(totpPath, body{"code": setUp(t, s, c).code(0)}).Status(200)
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/vault", nil)
	r.Header.Set("X-Session-Token", c.Token)
	s.Auth.Middleware(s.Auth.RequireRecentMFA(http.NotFoundHandler())).ServeHTTP(w, r)
	if w.Code != 404 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
