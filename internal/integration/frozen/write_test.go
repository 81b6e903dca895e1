package frozen_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/bcrypt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

var writeTo = flag.String("write", "", "write fixtures of the current version below this folder")

// TestWriteFixtures writes the fixtures of the current version, if asked to.
func TestWriteFixtures(t *testing.T) {
	if *writeTo == "" {
		t.Skip("no folder is given by -write")
	}
	for name, open := range databases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(*writeTo, name)
			if _, err := os.Stat(dir); err == nil {
				t.Fatalf("%s exists; fixtures are never overwritten", dir)
			}
			db := open(t, "")
			if db == nil {
				t.Fatal("there is no server")
			}
			f := newFixture(t)
			op := f.startProvider(t)
			t.Run("links", func(t *testing.T) { holdLinks(f.start(t, db, op, false)) })
			t.Run("codes", func(t *testing.T) { holdCodes(f.start(t, db, op, true)) })
			if t.Failed() {
				return
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			f.write(t, dir)
			db.dump(t, dir)
		})
	}
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{
		At:       time.Now().UTC().Truncate(time.Second),
		TokenKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		Held:     map[string]*held{},
	}
}

// member creates an account with a verified address that is named after the
// scenario, and returns a client in which it is logged in.
func (s *site) member(kind clienttest.Kind, email string) *clienttest.Client {
	s.t.Helper()
	s.create(clienttest.NewAccount{NewUser: authn.NewUser{Email: email}, EmailVerified: true}, password)
	return s.logIn(kind, email)
}

func (s *site) create(in clienttest.NewAccount, password string) string {
	s.t.Helper()
	user, err := clienttest.Create(s.t.Context(), s.Auth, in)
	if err == nil && password != "" {
		err = s.Auth.Users().SetPassword(s.t.Context(), user.ID, password)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return user.ID
}

// logIn returns a client that is logged in with the password.
func (s *site) logIn(kind clienttest.Kind, email string) *clienttest.Client {
	s.t.Helper()
	c := s.client(kind)
	c.Post("auth/login", body{"email": email, "password": password}).LoggedIn(email)
	return c
}

// holdLinks creates what needs verification and reset by link, or neither.
func holdLinks(s *site) {
	t := s.t
	c := s.member(browser, "browser@example.com")
	s.hold("browser session", c, held{Email: "browser@example.com"})

	c = s.member(app, "app@example.com")
	spent := c.RefreshToken
	refresh(c)
	s.hold("app session", c, held{Email: "app@example.com", Spent: spent})
	reused := s.logIn(app, "app@example.com")
	spent = reused.RefreshToken
	refresh(reused)
	s.hold("reused refresh token", reused, held{Email: "app@example.com", Spent: spent})

	for _, kind := range []clienttest.Kind{app, browser} {
		email := "link-" + string(kind) + "@example.com"
		c = s.client(kind)
		c.Post("auth/signup", body{"email": email, "password": password}).Status(401).Pending("verify_email")
		s.hold("verification link "+string(kind), c, held{Email: email, Secret: s.Mail(email).Key()})
	}

	c = s.member(app, "second@example.com")
	c.Post("account/email", body{"email": "added@example.com"}).Status(200)
	s.hold("link to a second address", c, held{Email: "second@example.com", Secret: s.Mail("added@example.com").Key()})

	c = s.member(app, "reset@example.com")
	s.client(app).Post("auth/password/request", body{"email": "reset@example.com"}).Status(200)
	s.hold("reset link", c, held{Email: "reset@example.com", Secret: s.Mail("reset@example.com").Key()})

	c = s.member(browser, "known@example.com")
	s.hold("known device", c, held{Email: "known@example.com"})
	attacker := s.client(app)
	for range 5 {
		attacker.Post("auth/login", body{"email": "known@example.com", "password": "wrong-" + password}).Problems("password:email_password_mismatch")
	}
	attacker.Post("auth/login", body{"email": "known@example.com", "password": password}).Problems("too_many_login_attempts")

	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	s.create(clienttest.NewAccount{
		NewUser: authn.NewUser{
			Username: "Imported", Email: "imported@example.com", Phone: "+31612345601",
			Extra: map[string]json.RawMessage{"plan": json.RawMessage(`"gold"`)},
		},
		EmailVerified: true, PhoneVerified: true, PasswordHash: string(hash),
	}, "")
	s.hold("imported user", nil, held{Email: "imported@example.com", Phone: "+31612345601", Username: "Imported"})

	c = s.client(browser)
	c.Get("config").Status(200)
	s.endRedirect(c, s.beginRedirect(c), "Connected", "connected@example.com")
	id, _ := c.Get("auth/session").LoggedIn("connected@example.com").Value("data", "user", "id").(float64)
	s.hold("provider account", c, held{Email: "connected@example.com", UserID: itoa(id), Secret: s.providerToken(itoa(id))})

	c = s.client(app) // the provider knows no address, so a form has to ask for one
	s.byToken(c, "newcomer", "").Status(401).Pending("provider_signup")
	s.hold("provider sign-up", c, held{Email: "newcomer@example.com"})

	c = s.client(browser)
	c.Get("config").Status(200)
	s.hold("provider redirect", c, held{Email: "redirected@example.com", URL: s.beginRedirect(c)})

	s.PostIsDown(errors.New("down"))
	c = s.client(app)
	c.Post("auth/signup", body{"email": "outbox@example.com", "password": password}).Status(401).Pending("verify_email")
	s.Log.Wait(t, "delivery failed")
	s.hold("mail in the outbox", c, held{Email: "outbox@example.com"})
}

// refresh exchanges the client's refresh token.
func refresh(c *clienttest.Client) {
	answer := c.Post("tokens/refresh", body{"refresh_token": c.RefreshToken}).Status(200)
	c.AccessToken, _ = answer.Value("data", "access_token").(string)
	c.RefreshToken, _ = answer.Value("data", "refresh_token").(string)
}

// holdCodes creates what needs verification and reset by code.
func holdCodes(s *site) {
	for _, kind := range []clienttest.Kind{app, browser} {
		name := string(kind)
		email := "code-" + name + "@example.com"
		c := s.client(kind)
		c.Post("auth/signup", body{"email": email, "password": password}).Status(401).Pending("verify_email")
		s.hold("verification code "+name, c, held{Email: email, Secret: s.Mail(email).Code()})

		email = "login-code-" + name + "@example.com"
		s.create(clienttest.NewAccount{NewUser: authn.NewUser{Email: email}, EmailVerified: true}, password)
		c = s.client(kind)
		c.Post("auth/code/request", body{"email": email}).Status(401).Pending("login_by_code")
		s.hold("login code "+name, c, held{Email: email, Secret: s.MailOf("account/login_code", email).Code()})
	}

	c := s.client(app)
	c.Post("auth/signup", body{"email": "phone@example.com", "phone": "+31612345602", "password": password}).Status(401).Pending("verify_phone")
	s.hold("phone of a sign-up", c, held{Email: "phone@example.com", Phone: "+31612345602", Secret: s.Text("+31612345602").Code()})

	c = s.member(app, "new-phone@example.com")
	c.Post("account/phone", body{"phone": "+31612345603"}).Status(202)
	s.hold("new phone", c, held{Email: "new-phone@example.com", Phone: "+31612345603", Secret: s.Text("+31612345603").Code()})

	c = s.member(app, "first@example.com")
	c.Post("account/email", body{"email": "added-by-code@example.com"}).Status(200)
	s.hold("code to a second address", c, held{Email: "first@example.com", Secret: s.Mail("added-by-code@example.com").Code()})

	s.create(clienttest.NewAccount{NewUser: authn.NewUser{Email: "reset-code@example.com"}, EmailVerified: true}, password)
	c = s.client(app)
	c.Post("auth/password/request", body{"email": "reset-code@example.com"}).Status(401).Pending("password_reset_by_code")
	s.hold("reset code", c, held{Email: "reset-code@example.com", Secret: s.MailOf("account/password_reset_code", "reset-code@example.com").Code()})

	holdFactors(s)

	s.PostIsDown(errors.New("down"))
	c = s.member(app, "text@example.com")
	c.Post("account/phone", body{"phone": "+31612345604"}).Status(202)
	s.Log.Wait(s.t, "delivery failed")
	s.hold("text in the outbox", c, held{Email: "text@example.com", Phone: "+31612345604"})
}

func holdFactors(s *site) {
	c := s.member(app, "totp@example.com")
	h := held{Email: "totp@example.com", Secret: s.addTOTP(c), Codes: recoveryCodes(c)}
	h.Used, h.Codes = h.Codes[0], h.Codes[1:]
	s.waiting(app, h.Email).Post("auth/2fa/authenticate", body{"code": h.Used}).LoggedIn(h.Email)
	s.hold("TOTP", c, h)
	for _, kind := range []clienttest.Kind{app, browser} {
		s.hold("login waiting for TOTP "+string(kind), s.waiting(kind, h.Email), held{Email: h.Email})
	}

	c = s.member(app, "setup@example.com")
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	s.hold("TOTP being set up", c, held{Email: "setup@example.com", Secret: secret})

	c = s.member(browser, "trust@example.com")
	h = held{Email: "trust@example.com", Secret: s.addTOTP(c), Codes: recoveryCodes(c)}
	asked := s.waiting(browser, h.Email)
	asked.Post("auth/2fa/authenticate", body{"code": h.Codes[0]}).Status(401).Pending("mfa_trust")
	s.hold("login waiting for trust", asked, held{Email: h.Email})
	trusted := s.waiting(browser, h.Email)
	trusted.Post("auth/2fa/authenticate", body{"code": h.Codes[1]}).Status(401).Pending("mfa_trust")
	trusted.Post("auth/2fa/trust", body{"trust": true}).LoggedIn(h.Email)
	trusted.Delete("auth/session", nil).Status(401)
	s.hold("trusted browser", trusted, held{Email: h.Email})

	c = s.member(app, "passkey@example.com")
	d := newDevice()
	path := "account/authenticators/webauthn"
	c.Post(path, body{"name": "Key", "credential": d.create(s.t, c.Get(path+"?passwordless").Status(200).Value("data", "creation_options"))}).Status(200)
	s.hold("passkey", c, d.held("passkey@example.com", nil))
	c = s.client(app)
	s.hold("passkey login", c, d.held("passkey@example.com", c.Get("auth/webauthn/login").Status(200).Value("data", "request_options")))
	c = s.waiting(browser, "passkey@example.com")
	s.hold("login waiting for a key", c, d.held("passkey@example.com", c.Get("auth/webauthn/authenticate").Status(200).Value("data", "request_options")))

	c = s.member(app, "new-key@example.com")
	s.hold("key being added", c, newDevice().held("new-key@example.com", c.Get(path).Status(200).Value("data", "creation_options")))

	c = s.client(app)
	c.Post("auth/webauthn/signup", body{"email": "key-signup@example.com"}).Status(401).Pending("verify_email")
	c.Post("auth/email/verify", body{"key": s.Mail("key-signup@example.com").Code()}).Status(401).Pending("mfa_signup_webauthn")
	s.hold("sign-up by passkey", c, newDevice().held("key-signup@example.com", c.Get("auth/webauthn/signup").Status(200).Value("data", "creation_options")))
}

// waiting returns a client whose login waits for the second factor.
func (s *site) waiting(kind clienttest.Kind, email string) *clienttest.Client {
	s.t.Helper()
	c := s.client(kind)
	c.Post("auth/login", body{"email": email, "password": password}).Status(401).Pending("mfa_authenticate")
	return c
}

func recoveryCodes(c *clienttest.Client) []string {
	var codes []string
	list, _ := c.Get("account/authenticators/recovery-codes").Status(200).Value("data", "unused_codes").([]any)
	for _, code := range list {
		codes = append(codes, code.(string))
	}
	return codes
}

// addTOTP sets up an authenticator app and returns its secret. It uses the code
// of the fixture's time.
func (s *site) addTOTP(c *clienttest.Client) string {
	s.t.Helper()
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	c.Post("account/authenticators/totp", body{"code": totpCode(s.t, secret, s.Clock.Now())}).Status(200)
	return secret
}

func totpCode(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}
