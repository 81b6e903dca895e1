package allauth_test

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
)

// passwordless lets users sign up and log in with a mailed or texted code alone.
func passwordless(cfg *allauth.Config) {
	code := account.CodeConfig{Resends: 1}
	cfg.Account.SignupFields = []string{"email", "phone"}
	cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByPhone}
	cfg.Account.EmailVerification = authn.VerificationOptional
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: code, Required: true}
	cfg.Account.Phone = &account.PhoneConfig{}
	cfg.MFA = &mfa.Config{AllowUnverifiedEmail: true, TOTPTolerance: 1}
}

// byCodeOnly returns a client whose user logged in with a code an hour ago.
func byCodeOnly(t *testing.T, s *clienttest.Server, kind clienttest.Kind, field, contact string) *clienttest.Client {
	t.Helper()
	c := s.Client(kind)
	answer := c.Post("auth/signup", clienttest.Body{field: contact})
	for range 3 {
		switch {
		case answer.IsPending("login_by_code"):
			answer = c.Post("auth/code/confirm", clienttest.Body{"code": sentCode(s, "login_code", field, contact)})
		case answer.IsPending("verify_phone"):
			answer = c.Post("auth/phone/verify", clienttest.Body{"code": s.Text(contact).Code()})
		}
	}
	answer.Status(200)
	s.Clock.Advance(time.Hour)
	return c
}

// sentCode returns the code of the next mail of that kind, or of the next text
// message.
func sentCode(s *clienttest.Server, kind, field, contact string) string {
	if field == "email" {
		return s.MailOf("account/"+kind, contact).Code()
	}
	return s.Text(contact).Code()
}

// A user with neither a password nor a second factor is asked for a code before
// anything that requires a recent authentication.
func TestAUserWithoutAPasswordIsAskedForACode(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		for field, contact := range map[string]string{"email": owner, "phone": "+31612345678"} {
			s := clienttest.Start(t, passwordless)
			c := byCodeOnly(t, s, kind, field, contact)
			for _, guarded := range []struct {
				method, path string
				body         clienttest.Body
			}{
				{"POST", "account/email", clienttest.Body{"email": "eve@example.org"}},
				{"POST", "account/phone", clienttest.Body{"phone": "+31687654321"}},
				{"POST", "account/password/change", clienttest.Body{"new_password": clienttest.Password}},
			} {
				answer := c.Do(guarded.method, guarded.path, guarded.body).Status(401)
				if !slices.Equal(answer.Flows(), []string{"login_by_code"}) || answer.Value("meta", "is_authenticated") != true {
					t.Errorf("%s: %s", guarded.path, answer.Text)
				}
				s.Clock.Advance(time.Minute)
			}
			c.Post("auth/code/confirm", clienttest.Body{"code": "BCDF-GHJK"}).Status(409)
			c.Post("auth/code/request", clienttest.Body{field: contact}).Status(401).Pending("login_by_code")
			code := sentCode(s, "reauthentication_code", field, contact)
			c.Post("auth/code/confirm", clienttest.Body{"code": "BBBB-BBBB"}).Problems("code:incorrect_code")
			answer := c.Post("auth/code/confirm", clienttest.Body{"code": code}).Status(200)
			methods, _ := answer.Value("data", "methods").([]any)
			last, _ := methods[len(methods)-1].(map[string]any)
			if last["method"] != "code" || last["reauthenticated"] != true || last[field] != contact {
				t.Errorf("methods: %s", answer.Text)
			}
			c.Post("auth/code/confirm", clienttest.Body{"code": code}).Status(409)
			c.Post("account/email", clienttest.Body{"email": "second@example.org"}).Status(200)
			c.Post("account/password/change", clienttest.Body{"new_password": clienttest.Password}).Status(200)
			s.Clock.Advance(time.Hour)
			if flows := c.Post("account/email", clienttest.Body{"email": "third@example.org"}).Status(401).Flows(); !slices.Equal(flows, []string{"reauthenticate"}) {
				t.Errorf("flows of a user with a password: %v", flows)
			}
		}
	})
}

// The code goes to a verified contact of the user, whatever the client sends.
func TestTheCodeGoesToTheUsersOwnContact(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, passwordless)
	byCodeOnly(t, s, clienttest.App, "email", "eve@example.org")
	c := byCodeOnly(t, s, clienttest.App, "email", owner)
	for _, sent := range []clienttest.Body{{"email": "eve@example.org"}, {"email": "unknown@example.org"}, {"phone": "+31687654321"}, {}} {
		c.Post("auth/code/request", sent).Status(401).Pending("login_by_code")
		code := s.MailOf("account/reauthentication_code", owner).Code()
		c.Post("auth/code/resend", nil).Status(200)
		newer := s.MailOf("account/reauthentication_code", owner).Code()
		c.Post("auth/code/resend", nil).Status(409)
		c.Post("auth/code/confirm", clienttest.Body{"code": code}).Problems("code:incorrect_code")
		c.Post("auth/code/confirm", clienttest.Body{"code": newer}).Status(200)
		s.Clock.Advance(time.Hour)
	}
	if mails := append(s.Mails("eve@example.org"), s.Mails("unknown@example.org")...); len(mails) > 0 || len(s.AllTexts()) > 0 {
		t.Errorf("others got mails %v, texts %v", mails, s.AllTexts())
	}
	// The limits are those of login codes.
	for range 3 {
		s.Client(clienttest.App).Post("auth/code/request", clienttest.Body{"email": owner}).Status(401)
	}
	c.Post("auth/code/request", clienttest.Body{"email": owner}).Problems("email:too_many_login_attempts")
}

// Access to a mailbox does not replace a second factor, not even one that was
// added after the code was sent.
func TestACodeStandsInForNoSecondFactor(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, passwordless)
	c := byCodeOnly(t, s, clienttest.App, "email", owner)
	c.Post("auth/code/request", clienttest.Body{"email": owner}).Status(401).Pending("login_by_code")
	code := s.MailOf("account/reauthentication_code", owner).Code()
	user := strings.Trim(strings.Split(strings.Split(c.Get("auth/session").Text, `"id":`)[1], ",")[0], `"`)
	if _, err := s.Auth.ImportAuthenticator(t.Context(), user, mfa.Imported{Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}); err != nil {
		t.Fatal(err)
	}
	c.Post("auth/code/confirm", clienttest.Body{"code": code}).Status(409)
	answer := c.Post("account/email", clienttest.Body{"email": "eve@example.org"}).Status(401)
	if !slices.Equal(answer.Flows(), []string{"mfa_reauthenticate"}) {
		t.Errorf("flows: %s", answer.Text)
	}
	c.Post("auth/code/request", clienttest.Body{"email": owner}).Status(200)
	c.Post("auth/code/confirm", clienttest.Body{"code": code}).Status(409)
}

// If login by code is off, such a user cannot reauthenticate.
func TestNoCodeWhereLoginByCodeIsOff(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, passwordless, func(cfg *allauth.Config) { cfg.Account.LoginByCode.RequestDisabled = true })
	c := byCodeOnly(t, s, clienttest.App, "email", owner)
	c.Post("auth/code/request", clienttest.Body{"email": owner}).Status(404)
	c.Post("account/email", clienttest.Body{"email": "second@example.org"}).Status(200)
}

// The host's own routes ask for the code, too.
func TestRequireRecentAsksForACode(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, passwordless)
	c := byCodeOnly(t, s, clienttest.App, "email", owner)
	guarded := s.Auth.Middleware(s.Auth.RequireRecent(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	visit := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, s.URL+"/settings", nil)
		r.Header.Set("X-Session-Token", c.Token)
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		return w
	}
	if w := visit(); w.Code != 401 || !strings.Contains(w.Body.String(), `{"id":"login_by_code"}`) {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	c.Post("auth/code/request", clienttest.Body{"email": owner}).Status(401)
	c.Post("auth/code/confirm", clienttest.Body{"code": s.MailOf("account/reauthentication_code", owner).Code()}).Status(200)
	if w := visit(); w.Code != 204 {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}
