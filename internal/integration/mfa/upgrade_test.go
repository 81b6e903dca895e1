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
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

const upgradePath = keysPath + "?passwordless&mediation=conditional"

// upgrades turns on passkeys that browsers create without asking the user.
func upgrades(cfg *allauth.Config) {
	every(cfg)
	cfg.MFA.PasskeyUpgradeEnabled = true
	cfg.MFA.TrustEnabled = false
}

// silentDevice is an authenticator that creates a key without the user.
func silentDevice(t testing.TB, s *clienttest.Server) *device {
	d := newDevice(t, s)
	d.auth.Options.UserNotPresent, d.auth.Options.UserNotVerified = true, true
	d.auth.Options.BackupEligible, d.auth.Options.BackupState = true, true
	return d
}

// touched is the authenticator once the user is asked.
func (d *device) touched() *device {
	d.auth.Options.UserNotPresent, d.auth.Options.UserNotVerified = false, false
	return d
}

// upgraded signs up, logs in with a password, and lets the browser create a passkey.
func upgraded(t testing.TB, s *clienttest.Server, kind clienttest.Kind, email string) (*clienttest.Client, *device) {
	t.Helper()
	s.SignUp(kind, email)
	c, d := s.LogIn(kind, email), silentDevice(t, s)
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(upgradePath)))}).Status(200)
	return c, d.touched()
}

func TestAnUpgradeAfterALoginWithAPassword(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s := start(t, upgrades, happened.collect)
		s.SignUp(kind, ann)
		if answer := s.Client(kind).Get("config").Status(200); !strings.Contains(answer.Text, `"passkey_upgrade_enabled":true`) {
			t.Errorf("config: %s", answer.Text)
		}
		c, d := s.LogIn(kind, ann), silentDevice(t, s)
		answer := c.Get(upgradePath).Status(200)
		for _, want := range []string{
			`"mediation":"conditional"`, `"authenticatorSelection":{"residentKey":"required","userVerification":"preferred","requireResidentKey":true}`,
		} {
			if !strings.Contains(answer.Text, want) {
				t.Errorf("the options do not have %s: %s", want, answer.Text)
			}
		}
		added := c.Post(keysPath, body{"credential": d.create(creation(answer))}).Status(200)
		if added.Value("data", "is_passwordless") != true || added.Value("meta", "recovery_codes_generated") != false {
			t.Errorf("the passkey: %s", added.Text)
		}
		if m := s.Mail(ann); m.Kind != "mfa/webauthn_added" {
			t.Errorf("mail %s", m.Kind)
		}
		if all := take[mfa.AuthenticatorAdded](happened); len(all) != 1 || !all[0].Upgrade {
			t.Errorf("events %v", all)
		}
		// The user does not notice: a login needs the password alone.
		s.LogIn(kind, ann)
		if got := types(c); !slices.Equal(got, []string{"webauthn"}) {
			t.Errorf("authenticators %v", got)
		}

		// It logs in, but not without the user.
		other := s.Client(kind)
		other.Post(loginPath, body{"credential": d.get(request(other.Get(loginPath)))}).Problems("credential:incorrect_code")
		d.auth.Options.UserNotPresent = false
		other.Post(loginPath, body{"credential": d.get(request(other.Get(loginPath)))}).Problems("credential:incorrect_code")
		s.LogIn(kind, ann)
		answer = other.Post(loginPath, body{"credential": d.touched().get(request(other.Get(loginPath)))}).LoggedIn(ann)
		if !strings.Contains(answer.Text, `"passwordless":true`) {
			t.Errorf("methods: %s", answer.Text)
		}
		// From now on it is a second factor, like any other passkey.
		if got := types(other); !slices.Equal(got, []string{"webauthn", "recovery_codes"}) {
			t.Errorf("authenticators %v", got)
		}
		if all := take[mfa.AuthenticatorAdded](happened); len(all) != 1 || all[0].Type != mfa.RecoveryCodes {
			t.Errorf("events %v", all)
		}
		pending := passwordLogin(s, kind, ann)
		pending.Post(authenticatePath, body{"credential": d.get(request(pending.Get(authenticatePath)))}).LoggedIn(ann)
		if status := c.Get("auth/session").StatusCode; status != 401 && status != 410 {
			t.Errorf("a session from before the first second factor: status %d", status)
		}
	})
}

// Before its first login the passkey of an upgrade triggers no stage, satisfies no
// policy, and ends no session and no trust.
func TestASilentPasskeyIsNoSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t, upgrades)
	before := s.SignUp(clienttest.App, ann)
	reauthenticate(before)
	c, d := s.LogIn(clienttest.App, ann), silentDevice(t, s)
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(upgradePath)))}).Status(200)
	before.Get("auth/session").LoggedIn(ann)
	d.touched()

	for name, protect := range map[string]func(next http.Handler) http.Handler{"RequireMFA": s.Auth.RequireMFA, "RequireRecentMFA": s.Auth.RequireRecentMFA} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/vault", nil)
		r.Header.Set("X-Session-Token", c.Token)
		s.Auth.Middleware(protect(http.NotFoundHandler())).ServeHTTP(w, r)
		if w.Code != 403 || !strings.Contains(w.Body.String(), `"code":"mfa_required"`) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	c.Post(recoveryPath, nil).Problems("cannot_generate_recovery_codes")
	c.Get(recoveryPath).Status(404)
	c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))}).Problems("credential:incorrect_code")
	if answer := c.Get(reauthenticatePath); !strings.Contains(answer.Text, `"allowCredentials":[]`) {
		t.Errorf("options: %s", answer.Text)
	}
	s.Clock.Advance(6 * time.Minute)
	if flows := c.Get(keysPath).Status(401).Flows(); slices.Contains(flows, "mfa_reauthenticate") {
		t.Errorf("flows %v", flows)
	}

	// Beside an app, whose login does not accept it.
	reauthenticate(c)
	a := addApp(t, s, c)
	pending := passwordLogin(s, clienttest.App, ann)
	if answer := pending.Get("auth/session"); !strings.Contains(answer.Text, `"types":["recovery_codes","totp"]`) {
		t.Errorf("types: %s", answer.Text)
	}
	pending.Post(authenticatePath, body{"credential": d.get(request(pending.Get(authenticatePath)))}).Problems("credential:incorrect_code")
	pending.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	// Without the app there is no second factor any more, and no recovery codes.
	c.Delete("account/authenticators/totp", nil).Status(200)
	if got := types(c); !slices.Equal(got, []string{"webauthn"}) {
		t.Errorf("authenticators %v", got)
	}
	s.LogIn(clienttest.App, ann)
}

func TestASilentPasskeyEndsNoTrust(t *testing.T) {
	t.Parallel()
	s := start(t, upgrades, setting(func(cfg *mfa.Config) { cfg.TrustEnabled = true }))
	_, a := withApp(t, s, clienttest.Browser, ann)
	c := passwordLogin(s, clienttest.Browser, ann)
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(401).Pending("mfa_trust")
	c.Post("auth/2fa/trust", body{"trust": true}).LoggedIn(ann)
	c.Post(keysPath, body{"credential": silentDevice(t, s).create(creation(c.Get(upgradePath)))}).Status(200)
	c.Delete("auth/session", nil).Status(401)
	c.Post("auth/login", body{"email": ann, "password": password}).LoggedIn(ann)
}

// An upgrade is possible once, within five minutes after a login with a password, in the
// same session.
func TestWhenAnUpgradeIsPossible(t *testing.T) {
	t.Parallel()
	s := start(t, upgrades, func(cfg *allauth.Config) {
		cfg.ReauthenticationTimeout = time.Hour
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	})
	signedUp := s.SignUp(clienttest.App, ann)
	signedUp.Get(upgradePath).Status(401)
	reauthenticate(signedUp)
	signedUp.Get(upgradePath).Status(409) // no login
	signedUp.Get(keysPath + "?passwordless").Status(200)

	byCode := s.Client(clienttest.App)
	byCode.Post("auth/code/request", body{"email": ann}).Status(401)
	byCode.Post("auth/code/confirm", body{"code": s.MailOf("account/login_code", ann).Code()}).LoggedIn(ann)
	byCode.Get(upgradePath).Status(409)

	late := s.LogIn(clienttest.App, ann)
	s.Clock.Advance(5*time.Minute - time.Second)
	lateAnswer := silentDevice(t, s).create(creation(late.Get(upgradePath)))
	s.Clock.Advance(time.Second)
	late.Get(upgradePath).Status(409)
	late.Post(keysPath, body{"credential": lateAnswer}).Status(409)

	c := s.LogIn(clienttest.App, ann)
	c.Post(keysPath, body{"credential": silentDevice(t, s).create(creation(c.Get(upgradePath)))}).Status(200)
	c.Get(upgradePath).Status(409)
	c.Post("auth/login", body{"email": ann, "password": password}).Status(409) // logged in already
	again := s.LogIn(clienttest.App, ann)
	again.Get(upgradePath).Status(200)
	// An upgrade of one session is no registration in another.
	other := s.LogIn(clienttest.App, ann)
	other.Get(upgradePath).Status(200)
	other.Post(keysPath, body{"credential": silentDevice(t, s).create(creation(again.Get(upgradePath)))}).Problems("incorrect_code")
	s.Client(clienttest.App).Get(upgradePath).Status(401)

	off := start(t, func(cfg *allauth.Config) { cfg.MFA.TrustEnabled = false })
	off.SignUp(clienttest.App, ann)
	off.LogIn(clienttest.App, ann).Get(upgradePath).Status(409)
}

// A key without presence and verification of the user is accepted in an upgrade only, and
// an upgrade accepts no key that cannot log in.
func TestOnlyAnUpgradeDoesWithoutTheUser(t *testing.T) {
	t.Parallel()
	s := start(t, upgrades)
	s.SignUp(clienttest.App, ann)
	c := s.LogIn(clienttest.App, ann)
	for _, query := range []string{"", "?passwordless", "?mediation=silent", "?passwordless&mediation=optional"} {
		c.Post(keysPath, body{"credential": silentDevice(t, s).create(creation(c.Get(keysPath + query)))}).Problems("incorrect_code")
	}
	answer := silentDevice(t, s).create(creation(c.Get(upgradePath)))
	answer["clientExtensionResults"] = map[string]any{"credProps": map[string]any{"rk": false}}
	c.Post(keysPath, body{"credential": answer}).Problems("incorrect_code")
	c.Post(keysPath, body{"credential": silentDevice(t, s).touched().create(creation(c.Get(upgradePath)))}).Status(200) // the user was asked all the same
	signup := signingUp(s, bob)
	signup.Put(signupPath, body{"credential": silentDevice(t, s).create(creation(signup.Get(signupPath)))}).Problems("incorrect_code")
}

// The same key is not created twice: later options exclude it.
func TestTheKeyOfAnUpgradeIsExcluded(t *testing.T) {
	t.Parallel()
	s := start(t, upgrades)
	_, d := upgraded(t, s, clienttest.App, ann)
	c := s.LogIn(clienttest.App, ann)
	for _, path := range []string{keysPath, upgradePath} {
		if answer := c.Get(path).Status(200); !strings.Contains(answer.Text, d.id()) {
			t.Errorf("%s: %s", path, answer.Text)
		}
	}
	c.Put(keysPath, body{"id": keyIDs(c)[0], "name": "Blue"}).Status(200)
	c.Delete(keysPath, body{"authenticators": keyIDs(c)}).Status(200)
	other := s.Client(clienttest.App)
	if answer := other.Post(loginPath, body{"credential": d.get(request(other.Get(loginPath)))}); answer.StatusCode != 400 {
		t.Errorf("a removed key: %s", answer.Text)
	}
}

// With an unverified address an account has no second factor: the passkey logs in and
// stays silent until the address is verified.
func TestASilentPasskeyAndAnUnverifiedAddress(t *testing.T) {
	t.Parallel()
	s := start(t, upgrades, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification, cfg.Account.EmailVerificationByCode = authn.VerificationOptional, nil
		cfg.MFA.PasskeySignupEnabled = false
	})
	c := s.Client(clienttest.App)
	c.Post("auth/signup", body{"email": ann, "password": password}).LoggedIn(ann)
	c.Post("auth/email/verify", body{"key": s.Mail(ann).Key()}).Status(200)
	c = s.LogIn(clienttest.App, ann)
	d := silentDevice(t, s)
	c.Post(keysPath, body{"credential": d.create(creation(c.Get(upgradePath)))}).Status(200)
	c.Post("account/email", body{"email": "second@example.org"}).Status(200) // it blocks no address
	c.Get(upgradePath).Status(409)
	login := func() *clienttest.Client {
		other := s.Client(clienttest.App)
		other.Post(loginPath, body{"credential": d.touched().get(request(other.Get(loginPath)))}).LoggedIn(ann)
		return other
	}
	login()
	s.LogIn(clienttest.App, ann) // no second factor
	c.Post("auth/email/verify", body{"key": s.Mail("second@example.org").Key()}).Status(200)
	s.LogIn(clienttest.App, ann)
	login().Post("account/email", body{"email": "third@example.org"}).Problems("email:add_email_blocked")
	passwordLogin(s, clienttest.App, ann)
}

// Of concurrent responses of upgrades in one session one is stored.
func TestOneUpgradeManyTimesAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		s := clienttest.StartOn(t, store, upgrades, clienttest.Unlimited)
		s.SignUp(clienttest.App, ann)
		c := s.LogIn(clienttest.App, ann)
		clients, answers := make([]*clienttest.Client, 8), make([]any, 8)
		for i := range clients {
			clients[i] = c.Clone()
		}
		clienttest.Parallel(len(clients), func(i int) {
			answers[i] = silentDevice(t, s).create(creation(clients[i].Get(upgradePath)))
		})
		won := winners(len(clients), func(i int) *clienttest.Answer { return clients[i].Post(keysPath, body{"credential": answers[i]}) })
		if got := types(c); won != len(got) || won > 1 {
			t.Errorf("%d upgrades, authenticators %v", won, got)
		}
	})
}

// What others added before the owner recovered the account is removed with the rest.
func TestRecoveryRemovesASilentPasskey(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, upgrades, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification, cfg.Account.EmailVerificationByCode = authn.VerificationOptional, nil
		cfg.MFA.PasskeySignupEnabled, cfg.MFA.AllowUnverifiedEmail = false, true
	})
	intruder := s.Client(clienttest.App)
	intruder.Post("auth/signup", body{"email": ann, "password": password}).LoggedIn(ann)
	intruder = s.LogIn(clienttest.App, ann)
	d := silentDevice(t, s)
	intruder.Post(keysPath, body{"credential": d.create(creation(intruder.Get(upgradePath)))}).Status(200)
	owner := s.Client(clienttest.App)
	owner.Post("auth/password/request", body{"email": ann}).Status(200)
	owner.Post("auth/password/reset", body{"key": s.MailOf("account/password_reset_key", ann).Key(), "password": password + "!"})
	c := s.Client(clienttest.App)
	if answer := c.Post(loginPath, body{"credential": d.touched().get(request(c.Get(loginPath)))}); answer.StatusCode != 400 {
		t.Errorf("the intruder's passkey: %s", answer.Text)
	}
	owner = s.Client(clienttest.App)
	owner.Post("auth/login", body{"email": ann, "password": password + "!"}).LoggedIn(ann)
	if got := types(owner); len(got) > 0 {
		t.Errorf("authenticators %v", got)
	}
}
