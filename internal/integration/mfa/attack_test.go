package mfa_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage/memstore"
)

func TestGuessesAreLimited(t *testing.T) {
	t.Parallel()
	happened := &events{}
	s := start(t, happened.collect)
	_, a := withApp(t, s, clienttest.App, ann)
	clients := make([]*clienttest.Client, 40)
	for i := range clients {
		clients[i] = passwordLogin(s, clienttest.App, ann)
	}
	wrong := a.wrong()
	clienttest.Parallel(len(clients), func(i int) {
		clients[i].Post("auth/2fa/authenticate", body{"code": wrong})
	})
	if compared := len(take[mfa.AuthenticationFailed](happened)); compared != 5 {
		t.Errorf("%d guesses were compared", compared)
	}
	c := passwordLogin(s, clienttest.App, ann)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Problems("code:too_many_login_attempts")
	c.Post(authenticatePath, body{"credential": newDevice(t, s).get(request(c.Get(authenticatePath)))}).Problems("credential:too_many_login_attempts")
	s.Clock.Advance(5 * time.Minute)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
}

// An attacker who knows the handle of a user cannot use up their attempts. Second
// factors are counted by the id of the user. No login or reset with an identifier
// counts in the same counter.
func TestNoNameCountsAsSomebodysSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByUsername}
		cfg.Account.SignupFields = []string{"email*", "password1*"}
	})
	owner, a := withApp(t, s, clienttest.App, ann)
	id, _ := owner.Get("auth/session").Value("data", "user", "id").(float64)
	pending := passwordLogin(s, clienttest.App, ann)
	for _, name := range []string{"mfa-auth-user-%.0f", "mfa %.0f", "mfa\x01%.0f"} {
		for range 5 {
			s.Client(clienttest.App).Post("auth/login", body{"username": fmt.Sprintf(name, id), "password": "wrong-wrong-1"}).Status(400)
		}
	}
	s.Client(clienttest.App).Post("auth/login", body{"username": fmt.Sprintf("mfa\x00%.0f", id), "password": "wrong-wrong-1"}).
		Problems("username:null_characters_not_allowed")
	pending.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
}

func TestJunkDoesNotLockAVictimOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner, d := withKey(t, s, clienttest.App, ann, true)
	for range 9 {
		attacker := s.Client(clienttest.App)
		answer := d.get(request(attacker.Get(loginPath)))
		response, _ := answer["response"].(map[string]any)
		response["signature"] = "AAAA"
		attacker.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
	}
	owner.Post(reauthenticatePath, body{"credential": d.get(request(owner.Get(reauthenticatePath)))}).Status(200)
}

// A right second factor does not clear the wrong passwords of the IP address for
// other users.
func TestASuccessClearsNoFailuresOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, a := withApp(t, s, clienttest.App, ann)
	attacker := s.Client(clienttest.App)
	for i := range 8 {
		attacker.Post("auth/login", body{"email": fmt.Sprintf("victim%d@example.org", i), "password": "wrong password"}).Status(400)
	}
	own := attacker.Neighbor()
	own.Post("auth/login", body{"email": ann, "password": password}).Status(401).Pending("mfa_authenticate")
	own.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	for i, code := range []string{"email_password_mismatch", "email_password_mismatch", "too_many_login_attempts"} {
		answer := attacker.Post("auth/login", body{"email": fmt.Sprintf("victim%d@example.org", i), "password": "wrong password"}).Status(400)
		if !strings.Contains(answer.Text, code) {
			t.Errorf("attempt %d: %s, want %s", i, answer.Text, code)
		}
	}
}

// A passkey login that was not completed does not authenticate another user's
// login in the same session, nor a later one with a password.
func TestALeftoverPasskeyIsNoSecondFactor(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, every)
	withApp(t, s, clienttest.App, ann)
	bobIn, d := withKey(t, s, clienttest.App, bob, true)
	bobID := userID(bobIn)
	for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
		for _, next := range []string{ann, bob} {
			if err := s.Auth.Users().Disable(t.Context(), bobID); err != nil {
				t.Fatal(err)
			}
			c := s.Client(kind)
			c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).Status(401).Pending()
			if err := s.Auth.Users().Enable(t.Context(), bobID); err != nil {
				t.Fatal(err)
			}
			c.Post("auth/login", body{"email": next, "password": password}).Status(401).Pending("mfa_authenticate")
		}
	}
}

func TestEveryWayInAsksForTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
		cfg.Account.PasswordResetByCode = &account.CodeConfig{}
		cfg.Account.LoginOnPasswordReset = true
	})
	_, a := withApp(t, s, clienttest.App, ann)
	s.Mail(ann)
	c := s.Client(clienttest.App)
	c.Post("auth/code/request", body{"email": ann}).Status(401)
	c.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).Status(401).Pending("mfa_authenticate")
	c.Post("auth/code/confirm", body{"code": "BBBB-BBBB"}).Status(409)

	c = s.Client(clienttest.App)
	c.Post("auth/password/request", body{"email": ann}).Status(401)
	answer := c.Post("auth/password/reset", body{"key": s.Mail(ann).Code(), "password": password + "!"}).Status(401)
	if !strings.Contains(answer.Text, `"id":"mfa_authenticate","is_pending":true`) {
		t.Errorf("after the reset: %s", answer.Text)
	}
	if got := methods(c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)); !slices.Equal(got, []string{"password_reset", "mfa totp"}) {
		t.Errorf("methods %v", got)
	}
}

func TestAPendingSecondFactorRunsOut(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, a := withApp(t, s, clienttest.App, ann)
	c := passwordLogin(s, clienttest.App, ann)
	s.Clock.Advance(15*time.Minute + time.Second)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending()
	c = passwordLogin(s, clienttest.App, ann)
	c.Delete("auth/session", nil).Status(401).Pending()
	c = passwordLogin(s, clienttest.App, ann)
	c.Get("account/authenticators").Status(401).Pending("mfa_authenticate")
	c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}).Status(401).Pending("mfa_authenticate")
}

// Any client can request the options of a passkey, and each new session is a row.
func TestClientsWithoutAccountDoNotFillTheStoreWithSessions(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.RateLimits = map[string]string{"request_passkey": "3/m/ip"}
	})
	attacker := s.Client(clienttest.App)
	for range 3 {
		c := attacker.Neighbor()
		for range 5 {
			c.Get(loginPath).Status(200)
		}
	}
	attacker.Neighbor().Get(loginPath).Status(429)
}

// An attacker signs up with the victim's address. The victim later recovers the
// account by mail.
func TestRecoveryThrowsAnIntrudersPasskeyOut(t *testing.T) {
	t.Parallel()
	for name, allow := range map[string]bool{"allowed": true, "not allowed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(cfg *allauth.Config) {
				cfg.Account.EmailVerification = authn.VerificationOptional
				cfg.Account.EmailVerificationByCode = nil
				cfg.MFA.PasskeySignupEnabled = false
				cfg.MFA.AllowUnverifiedEmail = allow
			})
			intruder := s.Client(clienttest.App)
			intruder.Post("auth/signup", body{"email": ann, "password": password}).LoggedIn(ann)
			s.Mail(ann)
			reauthenticate(intruder)
			d := newDevice(t, s)
			if allow {
				intruder.Post(keysPath, body{"credential": d.create(creation(intruder.Get(keysPath + "?passwordless")))}).Status(200)
				c := s.Client(clienttest.App)
				c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
			} else {
				intruder.Get(keysPath).Status(409)
				// It was added when it was allowed.
				if _, err := s.Auth.ImportAuthenticator(t.Context(), userID(intruder), mfa.Imported{Key: imported(t, d), Name: "Old"}); err != nil {
					t.Fatal(err)
				}
				c := s.Client(clienttest.App)
				c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
			}
			owner := s.Client(clienttest.App)
			owner.Post("auth/password/request", body{"email": ann}).Status(200)
			mail := s.Mail(ann)
			for mail.Kind != "account/password_reset_key" {
				mail = s.Mail(ann)
			}
			owner.Post("auth/password/reset", body{"key": mail.Key(), "password": password + "!"})
			c := s.Client(clienttest.App)
			c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).Problems("credential:incorrect_code")
			// If unverified accounts may have second factors, access to the
			// mailbox alone does not bypass one.
			answer := owner.Post("auth/login", body{"email": ann, "password": password + "!"})
			if pending := strings.Contains(answer.Text, `"mfa_authenticate","is_pending":true`); pending != allow {
				t.Errorf("the owner's login: %s", answer.Text)
			}
		})
	}
}

func TestRequireMFA(t *testing.T) {
	t.Parallel()
	s := start(t)
	vault := s.Auth.Middleware(s.Auth.RequireMFA(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	open := func(c *clienttest.Client) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/vault", nil)
		r.Header.Set("X-Session-Token", c.Token)
		vault.ServeHTTP(w, r)
		return w
	}
	if w := open(s.Client(clienttest.App)); w.Code != 401 {
		t.Errorf("without a user: %d %s", w.Code, w.Body)
	}
	c := s.SignUp(clienttest.App, ann)
	if w := open(c); w.Code != 403 || !strings.Contains(w.Body.String(), `"code":"mfa_required"`) {
		t.Errorf("without an authenticator: %d %s", w.Code, w.Body)
	}
	reauthenticate(c)
	a := addApp(t, s, c)
	if w := open(c); w.Code != 401 || !strings.Contains(w.Body.String(), `"flows":[{"id":"mfa_reauthenticate","types":["recovery_codes","totp"]}]`) {
		t.Errorf("before the second factor: %d %s", w.Code, w.Body)
	}
	c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}).Status(200)
	if w := open(c); w.Code != 204 {
		t.Errorf("after the second factor: %d %s", w.Code, w.Body)
	}
	off := clienttest.Start(t)
	vault = off.Auth.Middleware(off.Auth.RequireMFA(http.NotFoundHandler()))
	if w := open(off.SignUp(clienttest.App, ann)); w.Code != 403 {
		t.Errorf("where it is turned off: %d %s", w.Code, w.Body)
	}
}

func TestForgetUserTakesAuthenticatorsAlong(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, d := withKey(t, s, clienttest.App, ann, true)
	if err := s.Auth.Users().Delete(t.Context(), userID(c)); err != nil {
		t.Fatal(err)
	}
	other := s.SignUp(clienttest.App, bob)
	reauthenticate(other)
	other.Post(keysPath, body{"credential": d.create(creation(other.Get(keysPath)))}).Status(200)
}
