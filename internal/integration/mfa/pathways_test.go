package mfa_test

import (
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
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/users"
)

// Second factors and passkeys in combination with the other ways to log in.

func passkeyLogin(s *clienttest.Server, d *device) (*clienttest.Client, *clienttest.Answer) {
	c := s.Client(clienttest.App)
	return c, c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))})
}

func TestCodesThatFollowAPasskey(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		cfg   account.LoginByCodeConfig
		asked bool
	}{
		"after everything":   {account.LoginByCodeConfig{Required: true}, true},
		"after a key":        {account.LoginByCodeConfig{RequiredFor: []string{"mfa"}}, true},
		"after the password": {account.LoginByCodeConfig{RequiredFor: []string{"password"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memstore.New()
			before := clienttest.StartOn(t, store, every)
			_, d := withKey(t, before, clienttest.App, ann, true)
			before.Mail(ann) // about the new key
			before.Stop()
			s := clienttest.StartOn(t, store, every, func(cfg *allauth.Config) { cfg.Account.LoginByCode = &step.cfg })
			d.rp.Origin = s.Config.BaseURL
			c, answer := passkeyLogin(s, d)
			if !step.asked {
				answer.LoggedIn(ann)
				return
			}
			answer.Status(401).Pending("login_by_code")
			c.Get(authenticatePath).Status(401).Pending("login_by_code") // and no second factor after it
			answer = c.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).LoggedIn(ann)
			if got := methods(answer); !slices.Equal(got, []string{"mfa webauthn", "code"}) {
				t.Errorf("methods %v", got)
			}
		})
	}
}

// If every login needs a code, the code of a sign-up also verifies the address.
func TestAPasskeySignUpThatNeedsACode(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) { cfg.Account.LoginByCode = &account.LoginByCodeConfig{Required: true} })
	c, d := s.Client(clienttest.App), newDevice(t, s)
	c.Post(signupPath, body{"email": ann}).Status(401).Pending("login_by_code")
	c.Get(signupPath).Status(409)
	c.Post("auth/code/confirm", body{"code": s.Mail(ann).Code()}).Status(401).Pending("mfa_signup_webauthn")
	c.Put(signupPath, body{"credential": d.create(creation(c.Get(signupPath)))}).LoggedIn(ann)
}

// A passkey replaces the second factor, but verifies no address.
func TestAPasskeyVerifiesNoAddress(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	before := clienttest.StartOn(t, store, every, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification, cfg.Account.EmailVerificationByCode = authn.VerificationOptional, nil
		cfg.MFA.PasskeySignupEnabled, cfg.MFA.AllowUnverifiedEmail = false, true
	})
	owner := before.Client(clienttest.App)
	owner.Post("auth/signup", body{"email": ann, "password": password}).LoggedIn(ann)
	reauthenticate(owner)
	d := addKey(t, before, owner, true)
	before.Stop()
	s := clienttest.StartOn(t, store, every)
	d.rp.Origin = s.Config.BaseURL
	c, answer := passkeyLogin(s, d)
	answer.Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": s.Mail(ann).Code()}).LoggedIn(ann)
}

// Repeated reauthentications do not make the session grow without end.
func TestASessionRemembersItsLastProofs(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, d := withKey(t, s, clienttest.App, ann, true)
	var answer *clienttest.Answer
	for range 60 {
		answer = c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))}).Status(200)
		s.Clock.Advance(time.Second)
	}
	all, _ := answer.Value("data", "methods").([]any)
	last, _ := all[len(all)-1].(map[string]any)
	at, _ := last["at"].(float64)
	if now := float64(s.Clock.Now().Unix()); len(all) != 50 || at < now-2 {
		t.Errorf("%d proofs, the last one %v seconds ago", len(all), now-at)
	}
}

// A login that waits for its second factor may have begun with a stolen password.
func TestANewPasswordEndsAPendingLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner, a := withApp(t, s, clienttest.App, ann)
	thief := passwordLogin(s, clienttest.App, ann)
	owner.Post("account/password/change", body{"current_password": password, "new_password": password + "!"}).Status(200)
	thief.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending()
}

// No access token is issued before the last stage, and RequireMFA reads one.
func TestTokensWaitForTheSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: []byte(strings.Repeat("k", 32))}}}
	})
	owner, a := withApp(t, s, clienttest.App, ann)
	vault := s.Auth.Middleware(s.Auth.RequireMFA(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	open := func(c *clienttest.Client) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/vault", nil)
		r.Header.Set("Authorization", "Bearer "+c.AccessToken)
		vault.ServeHTTP(w, r)
		return w.Code
	}
	if owner.AccessToken == "" || open(owner) != 401 {
		t.Errorf("a password opens the vault with the token %q", owner.AccessToken)
	}
	c := passwordLogin(s, clienttest.App, ann)
	if c.AccessToken != "" {
		t.Error("a token was issued before the second factor")
	}
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	if status := open(c); status != 204 {
		t.Errorf("after the second factor: %d", status)
	}
}

// signingUp returns a client whose new account waits for its passkey.
func signingUp(s *clienttest.Server, email string) *clienttest.Client {
	c := s.Client(clienttest.App)
	c.Post(signupPath, body{"email": email}).Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": s.Mail(email).Code()}).Status(401).Pending("mfa_signup_webauthn")
	return c
}

func TestAPasskeySignUpThatIsLeft(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
		cfg.Account.PasswordResetByCode = &account.CodeConfig{}
	})
	byCode := func(email string) *clienttest.Client {
		c := s.Client(clienttest.App)
		c.Post("auth/code/request", body{"email": email}).Status(401)
		c.Post("auth/code/confirm", body{"code": s.Mail(email).Code()}).LoggedIn(email)
		return c
	}
	// Before the address is verified: the owner is told of the account, and can
	// recover it by mail.
	c := s.Client(clienttest.App)
	c.Post(signupPath, body{"email": ann}).Status(401).Pending("verify_email")
	s.Mail(ann)
	c.Delete("auth/session", nil).Status(401).Pending()
	s.Clock.Advance(clienttest.NextCode)
	s.Client(clienttest.App).Post(signupPath, body{"email": ann}).Status(401).Pending("verify_email")
	if kind := s.Mail(ann).Kind; kind != "account/account_already_exists" {
		t.Errorf("mail %s", kind)
	}
	addKey(t, s, byCode(ann), true)

	// After that: in the same session the key can still be created, for a while.
	c = signingUp(s, bob)
	s.Clock.Advance(14 * time.Minute)
	c.Get("auth/session").Status(401).Pending("mfa_signup_webauthn")
	d := newDevice(t, s)
	late := d.create(creation(c.Get(signupPath)))
	s.Clock.Advance(2 * time.Minute)
	c.Put(signupPath, body{"credential": late}).Status(409)
	c.Get(signupPath).Status(409)

	// In another session the user logs in with a code, and adds a key.
	addKey(t, s, byCode(bob), true)

	// A reset of the password ends a sign-up that waits for its key.
	const eve = "eve@example.org"
	c = signingUp(s, eve)
	other := s.Client(clienttest.App)
	other.Post("auth/password/request", body{"email": eve}).Status(401)
	other.Post("auth/password/reset", body{"key": s.Mail(eve).Code(), "password": password})
	c.Get(signupPath).Status(409)
	s.LogIn(clienttest.App, eve)
}

// An invited user chooses a passkey in place of a password. The key of the invitation is
// used up by it, and is no key of anything else.
func TestAnInvitedUserChoosesAPasskey(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t)
		created, err := s.Auth.Users().Create(t.Context(), users.Create{Emails: []users.Email{{Address: ann}}, Invite: true})
		if err != nil {
			t.Fatal(err)
		}
		key := s.Mail(ann).Key()
		c, d := s.Client(kind), newDevice(t, s)
		c.Post("auth/invitation", body{"key": "x"}).Problems("key:invalid_password_reset")
		c.Post("auth/invitation", body{"key": key}).Status(401).Pending("mfa_signup_webauthn")
		s.Client(kind).Post("auth/invitation", body{"key": key}).Problems("key:invalid_password_reset")
		s.Client(kind).Post("auth/password/reset", body{"key": key, "password": password}).Problems("key:invalid_password_reset")
		c.Put(signupPath, body{"credential": d.create(creation(c.Get(signupPath)))}).LoggedIn(ann)
		again := s.Client(kind)
		again.Post(loginPath, body{"credential": d.get(request(again.Get(loginPath)))}).LoggedIn(ann)
		again.Post("auth/invitation", body{"key": key}).Status(409)

		// The link of a reset is no invitation, and one who gives up the passkey chooses a
		// password later.
		if err := s.Auth.Users().SendPasswordReset(t.Context(), created.ID, ""); err != nil {
			t.Fatal(err)
		}
		s.Client(kind).Post("auth/invitation", body{"key": s.MailOf("account/password_reset_key", ann).Key()}).Problems("key:invalid_password_reset")
		if _, err = s.Auth.Users().Create(t.Context(), users.Create{Emails: []users.Email{{Address: bob}}, Invite: true}); err != nil {
			t.Fatal(err)
		}
		s.Client(kind).Post("auth/invitation", body{"key": s.Mail(bob).Key()}).Status(401).Pending("mfa_signup_webauthn")
		s.Client(kind).Post("auth/password/request", body{"email": bob}).Status(200)
		s.Client(kind).Post("auth/password/reset", body{"key": s.Mail(bob).Key(), "password": password}).Status(401)
		s.LogIn(kind, bob)
	})
}
