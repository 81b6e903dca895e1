package mfa_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

const (
	keysPath           = "account/authenticators/webauthn"
	authenticatePath   = "auth/webauthn/authenticate"
	reauthenticatePath = "auth/webauthn/reauthenticate"
	loginPath          = "auth/webauthn/login"
	signupPath         = "auth/webauthn/signup"
)

func TestManagingKeys(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s := start(t, happened.collect)
		c := s.SignUp(kind, ann)
		reauthenticate(c)
		d := newDevice(t, s)
		answer := d.create(creation(c.Get(keysPath)))
		added := c.Post(keysPath, body{"name": " Blue key ", "credential": answer}).Status(200)
		id := added.Value("data", "id")
		if added.Value("data", "name") != "Blue key" || added.Value("data", "type") != "webauthn" || id == nil ||
			added.Value("meta", "recovery_codes_generated") != true || strings.Contains(added.Text, "is_passwordless") {
			t.Errorf("a new key: %s", added.Text)
		}
		if all := take[mfa.AuthenticatorAdded](happened); len(all) != 2 || all[0].Type != mfa.WebAuthn || all[1].Type != mfa.RecoveryCodes {
			t.Errorf("events %v", all)
		}
		if m := s.Mail(ann); m.Kind != "mfa/webauthn_added" || !strings.Contains(m.Text, "Blue key") {
			t.Errorf("mail %s: %s", m.Kind, m.Text)
		}
		text, _ := json.Marshal(newDevice(t, s).create(creation(c.Get(keysPath))))
		second := c.Post(keysPath, body{"credential": string(text)}).Status(200) // as JSON in a text
		if second.Value("data", "name") != "Backup key" || second.Value("meta", "recovery_codes_generated") != false {
			t.Errorf("a second key: %s", second.Text)
		}
		s.Mail(ann)

		c.Put(keysPath, body{}).Problems("id:required", "name:required")
		c.Put(keysPath, body{"id": 999, "name": "x"}).Problems("id:invalid_choice")
		c.Put(keysPath, body{"id": "x", "name": strings.Repeat("é", 101)}).Problems("id:invalid_choice", "name:max_length")
		renamed := c.Put(keysPath, body{"id": id, "name": " " + strings.Repeat("é", 100)}).Status(200)
		if renamed.Value("data", "name") != strings.Repeat("é", 100) || renamed.JSON["meta"] != nil {
			t.Errorf("a renamed key: %s", renamed.Text)
		}

		c.Delete(keysPath, body{}).Problems("authenticators:required")
		c.Delete(keysPath, body{"authenticators": 5}).Problems("authenticators:invalid_list")
		c.Delete(keysPath, body{"authenticators": []any{"x"}}).Problems("authenticators:invalid_pk_value")
		c.Delete(keysPath, body{"authenticators": []any{id, 999}}).Problems("authenticators:invalid_choice")
		c.Delete(keysPath, body{"authenticators": []any{second.Value("data", "id"), id}}).Status(200)
		if got := types(c); len(got) > 0 {
			t.Errorf("authenticators %v", got)
		}
		for range 2 {
			if m := s.Mail(ann); m.Kind != "mfa/webauthn_removed" {
				t.Errorf("mail %s", m.Kind)
			}
		}
		if all := take[mfa.AuthenticatorRemoved](happened); len(all) != 3 || all[2].Type != mfa.RecoveryCodes {
			t.Errorf("events %v", all)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	for query, selection := range map[string]string{
		"":                    `{"requireResidentKey":false,"residentKey":"discouraged","userVerification":"discouraged"}`,
		"?passwordless":       `{"requireResidentKey":true,"residentKey":"required","userVerification":"required"}`,
		"?passwordless=false": `{"requireResidentKey":true,"residentKey":"required","userVerification":"required"}`,
	} {
		key, _ := c.Get(keysPath+query).Status(200).Value("data", "creation_options", "publicKey").(map[string]any)
		challenge, _ := key["challenge"].(string)
		user, _ := key["user"].(map[string]any)
		handle, _ := user["id"].(string)
		if len(challenge) != 43 || len(handle) != 43 {
			t.Errorf("challenge %q, handle %q", challenge, handle)
		}
		delete(key, "challenge")
		delete(user, "id")
		want := `{"attestation":"none","authenticatorSelection":` + selection + `,"excludeCredentials":[],"extensions":{"credProps":true},` +
			`"pubKeyCredParams":[{"alg":-7,"type":"public-key"},{"alg":-8,"type":"public-key"},{"alg":-35,"type":"public-key"},` +
			`{"alg":-36,"type":"public-key"},{"alg":-37,"type":"public-key"},{"alg":-257,"type":"public-key"},{"alg":-47,"type":"public-key"}],` +
			`"rp":{"id":"localhost","name":"Example"},"user":{"displayName":"ann@example.org","name":"ann@example.org"}}`
		if text, _ := json.Marshal(key); string(text) != want {
			t.Errorf("options%s\n%s\nwant\n%s", query, text, want)
		}
	}
	d := addKey(t, s, c, false)
	if answer := c.Get(keysPath); !strings.Contains(answer.Text, `"excludeCredentials":[{"type":"public-key","id":"`+d.id()+`"}]`) {
		t.Errorf("a key that is there is not excluded: %s", answer.Text)
	}
	for _, asked := range []struct{ path, allow, verification string }{
		{authenticatePath, `[{"id":"` + d.id() + `","type":"public-key"}]`, "preferred"},
		{reauthenticatePath, `[{"id":"` + d.id() + `","type":"public-key"}]`, "preferred"},
		{loginPath, `[]`, "required"},
	} {
		client := c
		if asked.path == authenticatePath {
			client = passwordLogin(s, clienttest.App, ann)
		}
		key, _ := client.Get(asked.path).Status(200).Value("data", "request_options", "publicKey").(map[string]any)
		delete(key, "challenge")
		want := `{"allowCredentials":` + asked.allow + `,"rpId":"localhost","userVerification":"` + asked.verification + `"}`
		if text, _ := json.Marshal(key); string(text) != want {
			t.Errorf("options of %s\n%s\nwant\n%s", asked.path, text, want)
		}
	}
}

func TestAKeyAsSecondFactor(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s := start(t, happened.collect, setting(func(cfg *mfa.Config) { cfg.TrustEnabled = false }))
		_, d := withKey(t, s, kind, ann, false)
		c := s.Client(kind)
		c.Get(authenticatePath).Status(401).Pending()
		c.Post(authenticatePath, body{}).Status(401).Pending()
		c = passwordLogin(s, kind, ann)
		c.Post(authenticatePath, body{}).Problems("credential:required")
		c.Post(authenticatePath, body{"credential": "not JSON"}).Problems("credential:invalid")
		c.Post(authenticatePath, body{"credential": []int{1}}).Problems("credential:incorrect_code")
		c.Post(authenticatePath, body{"credential": body{"id": "x"}}).Problems("credential:incorrect_code")
		take[mfa.AuthenticationFailed](happened)
		c.Post("auth/2fa/authenticate", body{"code": "123456"}).Problems("code:incorrect_code") // no recovery code looks like that
		if failed := take[mfa.AuthenticationFailed](happened); len(failed) > 0 {
			t.Errorf("events %v", failed)
		}
		c.Post("auth/2fa/authenticate", body{"code": "12345678"}).Problems("code:incorrect_code")
		if failed := take[mfa.AuthenticationFailed](happened); len(failed) != 1 || failed[0].Type != mfa.RecoveryCodes { // there is no app
			t.Errorf("events %v", failed)
		}
		d.auth.Options.UserNotVerified = true // a touch suffices for a second factor
		answer := c.Post(authenticatePath, body{"credential": d.get(request(c.Get(authenticatePath)))}).LoggedIn(ann)
		if got := methods(answer); !slices.Equal(got, []string{"password", "mfa webauthn"}) || strings.Contains(answer.Text, "passwordless") {
			t.Errorf("methods: %s", answer.Text)
		}
		if used := take[mfa.AuthenticatorUsed](happened); len(used) != 1 || used[0].Type != mfa.WebAuthn || used[0].ID == 0 {
			t.Errorf("events %v", used)
		}
		s.Clock.Advance(5 * time.Minute)
		c.Get(keysPath).Status(401)
		answer = c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))}).LoggedIn(ann)
		if !strings.Contains(answer.Text, `"reauthenticated":true`) {
			t.Errorf("methods: %s", answer.Text)
		}
		c.Get(keysPath).Status(200)
	})
}

func TestPasskeyLogin(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s := start(t, happened.collect)
		owner, d := withKey(t, s, kind, ann, true)
		if answer := owner.Get("account/authenticators"); !strings.Contains(answer.Text, `"is_passwordless":true`) {
			t.Errorf("a passkey: %s", answer.Text)
		}
		c := s.Client(kind)
		if flows := c.Get("auth/session").Status(401).Flows(); !slices.Contains(flows, "mfa_login_webauthn") {
			t.Errorf("flows %v", flows)
		}
		take[mfa.AuthenticatorUsed](happened)
		answer := c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
		if got := methods(answer); !slices.Equal(got, []string{"mfa webauthn"}) || !strings.Contains(answer.Text, `"passwordless":true`) {
			t.Errorf("methods: %s", answer.Text)
		}
		if used := take[mfa.AuthenticatorUsed](happened); len(used) != 1 || !used[0].Passwordless {
			t.Errorf("events %v", used)
		}
		answer = c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
		if len(methods(answer)) != 2 {
			t.Errorf("methods: %s", answer.Text)
		}
	})
}

func TestAPasskeyOfAnotherUserReplacesTheUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, d := withKey(t, s, clienttest.App, bob, true)
	c := s.SignUp(clienttest.App, ann)
	before := c.Clone()
	answer := c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(bob)
	if got := methods(answer); !slices.Equal(got, []string{"mfa webauthn"}) {
		t.Errorf("methods %v", got)
	}
	before.Get("auth/session").Status(410)
	c.Get("auth/session").LoggedIn(bob)
}

func TestPasskeySignup(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		happened := &events{}
		s := start(t, happened.collect)
		c := s.Client(kind)
		d := newDevice(t, s)
		c.Get(signupPath).Status(409)
		c.Put(signupPath, body{}).Status(409)
		c.Post(signupPath, body{}).Problems("email:required")
		if flows := c.Get("auth/session").Status(401).Flows(); slices.Contains(flows, "mfa_signup_webauthn") {
			t.Errorf("flows %v", flows)
		}
		c.Post(signupPath, body{"email": ann}).Status(401).Pending("verify_email")
		c.Get(signupPath).Status(409)
		c.Put(signupPath, body{}).Problems("credential:required")
		c.Put(signupPath, body{"credential": body{"id": "x"}}).Status(409)
		c.Post("auth/email/verify", body{"key": s.Mail(ann).Code()}).Status(401).Pending("mfa_signup_webauthn")
		c.Put(signupPath, body{"credential": "not JSON"}).Problems("credential:invalid")
		c.Put(signupPath, body{"credential": body{"id": "x"}}).Problems("incorrect_code")
		options := creation(c.Get(signupPath))
		credential := d.create(options)
		answer := c.Put(signupPath, body{"name": "First", "credential": credential}).LoggedIn(ann)
		if !strings.Contains(answer.Text, `"methods":[]`) || answer.Value("data", "user", "has_usable_password") != false {
			t.Errorf("signed up: %s", answer.Text)
		}
		if added := take[mfa.AuthenticatorAdded](happened); len(added) != 1 || len(s.Mails(ann)) > 0 {
			t.Errorf("events %v, mails %v", added, s.Mails(ann))
		}
		c.Put(signupPath, body{"credential": credential}).Status(409)
		c.Post(signupPath, body{"email": bob}).Status(409)
		answer = c.Get(keysPath).Status(401)
		if !strings.Contains(answer.Text, `{"id":"mfa_reauthenticate","types":["webauthn"]}`) {
			t.Errorf("flows: %s", answer.Text)
		}
		c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))}).LoggedIn(ann)
		c.Post(recoveryPath, nil).Status(200)
		other := s.Client(kind)
		other.Post(loginPath, body{"credential": d.get(request(other.Get(loginPath)))}).LoggedIn(ann)
	})
}

func TestPasskeySignupWithATakenAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.SignUp(clienttest.App, ann)
	s.Clock.Advance(clienttest.NextCode)
	c := s.Client(clienttest.App)
	c.Post(signupPath, body{"email": ann}).Status(401).Pending("verify_email")
	if m := s.Mail(ann); m.Kind != "account/account_already_exists" {
		t.Errorf("mail %s", m.Kind)
	}
	c.Post("auth/email/verify", body{"key": "BBBB-BBBB"}).Problems("key:incorrect_code")
	c.Get(signupPath).Status(409)
}

func TestRoutesOfWhatIsOff(t *testing.T) {
	t.Parallel()
	s := start(t, setting(func(cfg *mfa.Config) { *cfg = mfa.Config{} }))
	for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
		c := s.SignUp(kind, string(kind)+"@example.org")
		for _, path := range []string{authenticatePath, reauthenticatePath, loginPath, signupPath, keysPath} {
			c.Get(path).Status(404)
		}
		c.Post("auth/2fa/trust", body{}).Status(404)
		c.Get("account/authenticators").Status(200)
		answer := c.Get("config").Status(200)
		if !strings.Contains(answer.Text, `"mfa":{"supported_types":["recovery_codes","totp"],"passkey_login_enabled":false}`) {
			t.Errorf("config: %s", answer.Text)
		}
	}
	none := clienttest.Start(t)
	none.SignUp(clienttest.App, ann).Get("account/authenticators").Status(404)
}
