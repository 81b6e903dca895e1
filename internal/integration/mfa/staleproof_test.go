package mfa_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage/memstore"
)

const recoveryCodesPath = "account/authenticators/recovery-codes"

// changes are requests that check something and then change authenticators. Each
// returns a function that sends the request.
var changes = map[string]func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer{
	"activating an app": func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer {
		secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
		a := &app{t, s, secret}
		return func() *clienttest.Answer {
			return c.Post("account/authenticators/totp", body{"code": a.code(0)})
		}
	},
	"deactivating an app": func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer {
		addApp(t, s, c)
		return func() *clienttest.Answer { return c.Delete("account/authenticators/totp", nil) }
	},
	"viewing recovery codes": func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer {
		addApp(t, s, c)
		return func() *clienttest.Answer { return c.Get(recoveryCodesPath) }
	},
	"renewing recovery codes": func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer {
		addApp(t, s, c)
		return func() *clienttest.Answer { return c.Post(recoveryCodesPath, nil) }
	},
	"adding a key": func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer {
		answer := newDevice(t, s).create(creation(c.Get(keysPath)))
		return func() *clienttest.Answer { return c.Post(keysPath, body{"credential": answer}) }
	},
	"renaming a key": func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer {
		addKey(t, s, c, false)
		id := keyIDs(c)[0]
		return func() *clienttest.Answer { return c.Put(keysPath, body{"id": id, "name": "other"}) }
	},
	"removing a key": func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer {
		addKey(t, s, c, false)
		ids := keyIDs(c)
		return func() *clienttest.Answer { return c.Delete(keysPath, body{"authenticators": ids}) }
	},
}

// If a session is ended between the check of a request and its transaction, the
// request changes no authenticators and returns no recovery codes.
func TestAChangeOfAnEndedSessionChangesNoAuthenticator(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		for name, prepare := range changes {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store := &clienttest.Interrupted{Store: memstore.New()}
				s := clienttest.StartOn(t, store, every)
				c := s.SignUp(kind, ann)
				reauthenticate(c)
				id, send := userID(c), prepare(t, s, c)
				before, err := store.AuthenticatorsByUser(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				store.Interrupt(func() {
					if err := s.Auth.Users().EndSessions(context.Background(), id); err != nil {
						t.Error(err)
					}
				})
				answer := send()
				if store.IsArmed() {
					t.Fatalf("the request has no transaction: %d %s", answer.StatusCode, answer.Text)
				}
				answer.Status(401)
				over := map[clienttest.Kind]int{clienttest.App: 410, clienttest.Browser: 401}[kind]
				c.Get("auth/session").Status(over)
				after, err := store.AuthenticatorsByUser(t.Context(), id)
				if err != nil || !reflect.DeepEqual(before, after) {
					t.Errorf("before %v, after %v, %v", before, after, err)
				}
			})
		}
	})
}

// linked is every with verification by link: an account can have an unverified
// address.
func linked(cfg *allauth.Config) {
	every(cfg)
	cfg.Account.EmailVerificationByCode = nil
	cfg.MFA.PasskeySignupEnabled = false
}

// An authenticator and an unverified address exclude each other, in any order of
// the two checks.
func TestAnUnverifiedAddressExcludesAuthenticatorsMeanwhile(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, s *clienttest.Server, c *clienttest.Client) func() *clienttest.Answer{
		"app": changes["activating an app"], "key": changes["adding a key"],
	} {
		for _, addressFirst := range []bool{true, false} {
			store := &clienttest.Interrupted{Store: memstore.New()}
			s := clienttest.StartOn(t, store, linked)
			c := s.SignUp(clienttest.App, ann)
			reauthenticate(c)
			activate := prepare(t, s, c)
			add := func() *clienttest.Answer { return c.Post("account/email", body{"email": bob}) }
			first, then := activate, add
			if addressFirst {
				first, then = add, activate
			}
			store.Interrupt(func() { first().Status(200) })
			if answer := then(); answer.StatusCode != 400 && answer.StatusCode != 409 {
				t.Errorf("%s, the address first: %v: %d %s", name, addressFirst, answer.StatusCode, answer.Text)
			}
		}
	}
}

// Concurrent requests do not exceed the maximum number of keys.
func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	store := &clienttest.Interrupted{Store: memstore.New()}
	s := clienttest.StartOn(t, store, every, setting(func(cfg *mfa.Config) { cfg.MaxKeys = 2 }))
	c, key := withKey(t, s, clienttest.App, ann, true)
	other := s.Client(clienttest.App)
	other.Post(loginPath, body{"credential": key.get(request(other.Get(loginPath)))}).LoggedIn(ann)
	answer, rival := newDevice(t, s).create(creation(c.Get(keysPath))), newDevice(t, s).create(creation(other.Get(keysPath)))
	store.Interrupt(func() { other.Post(keysPath, body{"credential": rival}).Status(200) })
	refused := c.Post(keysPath, body{"credential": answer}).Status(409)
	if code, _ := refused.JSON["errors"].([]any); len(code) != 1 || len(keyIDs(c)) != 2 {
		t.Errorf("%d keys: %s", len(keyIDs(c)), refused.Text)
	}
	c.Get(keysPath).Status(409)
	c.Delete(keysPath, body{"authenticators": keyIDs(c)[:1]}).Status(200)
	addKey(t, s, c, false)
}

// The last passkey cannot be removed if the user has no other way to log in.
func TestTheLastPasskeyStays(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByUsername}
		cfg.Account.SignupFields = []string{"username*", "email", "password1"}
		cfg.Account.EmailVerification = authn.VerificationOptional
		cfg.Account.EmailVerificationByCode = nil
		cfg.MFA.PasskeySignupEnabled = false
	})
	ctx := t.Context()
	user, err := clienttest.Create(ctx, s.Auth, clienttest.NewAccount{NewUser: authn.NewUser{Username: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	var devices []*device
	for range 2 {
		d := newDevice(t, s)
		key := imported(t, d)
		may := true
		key.Passwordless = &may
		if _, err := s.Auth.ImportAuthenticator(ctx, user.ID, mfa.Imported{Key: key, CreatedAt: s.Clock.Now().Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
		d.auth.Options.UserHandle = []byte("1z")
		devices = append(devices, d)
	}
	c, _ := passkeyLogin(s, devices[0])
	ids := keyIDs(c)
	c.Delete(keysPath, body{"authenticators": ids}).Problems("authenticators:cannot_delete_authenticator")
	c.Delete(keysPath, body{"authenticators": ids[1:]}).Status(200)
	c.Delete(keysPath, body{"authenticators": ids[:1]}).Problems("authenticators:cannot_delete_authenticator")
	if left := keyIDs(c); len(left) != 1 {
		t.Errorf("keys %v", left)
	}
	c.Post("account/password/change", body{"new_password": password}).Status(200)
	c.Delete(keysPath, body{"authenticators": ids[:1]}).Status(200)
}
