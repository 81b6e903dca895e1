package mfa_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

type body = clienttest.Body

const (
	password = clienttest.Password
	ann      = "ann@example.org"
	bob      = "bob@example.org"
)

// every turns on all features, with verification by code.
func every(cfg *allauth.Config) {
	u, _ := url.Parse(cfg.BaseURL)
	cfg.BaseURL = "http://localhost:" + u.Port() // keys are bound to a host name
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	cfg.MFA = &mfa.Config{
		SupportedTypes:       []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn},
		TOTPTolerance:        1,
		PasskeyLoginEnabled:  true,
		PasskeySignupEnabled: true,
		TrustEnabled:         true,
	}
}

// setting changes the settings of second factors.
func setting(change func(cfg *mfa.Config)) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) { change(cfg.MFA) }
}

func start(t testing.TB, edit ...func(cfg *allauth.Config)) *clienttest.Server {
	t.Helper()
	return clienttest.Start(t, append([]func(cfg *allauth.Config){every}, edit...)...)
}

// events collects published events.
type events struct {
	mu   sync.Mutex
	list []authn.Event
}

func (e *events) collect(cfg *allauth.Config) {
	cfg.OnEvent = func(_ context.Context, event authn.Event) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.list = append(e.list, event)
	}
}

// take returns the events of one type, oldest first, and removes them.
func take[T authn.EventDetails](e *events) []T {
	e.mu.Lock()
	defer e.mu.Unlock()
	var found []T
	e.list = slices.DeleteFunc(e.list, func(event authn.Event) bool {
		one, ok := event.Details.(T)
		if ok {
			found = append(found, one)
		}
		return ok
	})
	return found
}

// app is an authenticator app.
type app struct {
	t      testing.TB
	s      *clienttest.Server
	secret string
}

// code returns the code that the app shows, steps of 30 seconds from now.
func (a *app) code(steps int) string {
	a.t.Helper()
	code, err := totp.GenerateCode(a.secret, a.s.Clock.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

// wrong returns a code that the app does not show around now.
func (a *app) wrong() string {
	near := map[string]bool{}
	for step := -5; step <= 5; step++ {
		near[a.code(step)] = true
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777", "888888", "999999", "123456", "654321"} {
		if !near[code] {
			return code
		}
	}
	a.t.Fatal("every code is right")
	return ""
}

// addApp sets up an app, which uses its first code.
func addApp(t testing.TB, s *clienttest.Server, c *clienttest.Client) *app {
	t.Helper()
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	a := &app{t, s, secret}
	c.Post("account/authenticators/totp", body{"code": a.code(0)}).Status(200)
	s.Clock.Advance(30 * time.Second)
	return a
}

// withApp signs up and sets up an app.
func withApp(t testing.TB, s *clienttest.Server, kind clienttest.Kind, email string) (*clienttest.Client, *app) {
	t.Helper()
	c := s.SignUp(kind, email)
	reauthenticate(c)
	return c, addApp(t, s, c)
}

// reauthenticate makes the last authentication recent.
func reauthenticate(c *clienttest.Client) {
	c.Post("auth/reauthenticate", body{"password": password}).Status(200)
}

// passwordLogin returns a client whose login waits for the second factor.
func passwordLogin(s *clienttest.Server, kind clienttest.Kind, email string) *clienttest.Client {
	c := s.Client(kind)
	c.Post("auth/login", body{"email": email, "password": password}).Status(401).Pending("mfa_authenticate")
	return c
}

// codesOf returns the unused recovery codes.
func codesOf(c *clienttest.Client) []string {
	list, _ := c.Get("account/authenticators/recovery-codes").Status(200).Value("data", "unused_codes").([]any)
	codes := make([]string, len(list))
	for i, code := range list {
		codes[i], _ = code.(string)
	}
	return codes
}

// types returns the types of the user's authenticators.
func types(c *clienttest.Client) []string {
	list, _ := c.Get("account/authenticators").Status(200).JSON["data"].([]any)
	found := []string{}
	for _, item := range list {
		members, _ := item.(map[string]any)
		one, _ := members["type"].(string)
		found = append(found, one)
	}
	return found
}

// methods returns the authentication methods of a response, as "method" or
// "method type".
func methods(a *clienttest.Answer) []string {
	list, _ := a.Value("data", "methods").([]any)
	var found []string
	for _, item := range list {
		members, _ := item.(map[string]any)
		name, _ := members["method"].(string)
		if one, ok := members["type"].(string); ok {
			name += " " + one
		}
		found = append(found, name)
	}
	return found
}

// device is a software authenticator with one key.
type device struct {
	t    testing.TB
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newDevice(t testing.TB, s *clienttest.Server) *device {
	return &device{
		t: t, rp: virtualwebauthn.RelyingParty{ID: "localhost", Name: "Example", Origin: s.Config.BaseURL},
		auth: virtualwebauthn.NewAuthenticator(), key: newKey(),
	}
}

// newKey draws a key whose coordinates have no leading zeros, as the library
// drops these, which authenticators do not.
func newKey() virtualwebauthn.Credential {
	for {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(key.Key.AttestationData()) == 77 {
			return key
		}
	}
}

// create returns the response to creation options.
func (d *device) create(options any) map[string]any {
	d.t.Helper()
	text, err := json.Marshal(options)
	if err != nil {
		d.t.Fatal(err)
	}
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(text))
	if err != nil {
		d.t.Fatalf("%v: %s", err, text)
	}
	d.auth.Options.UserHandle = []byte(parsed.UserID)
	return d.answer(virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.key, *parsed))
}

// get returns the response to request options.
func (d *device) get(options any) map[string]any {
	d.t.Helper()
	text, err := json.Marshal(options)
	if err != nil {
		d.t.Fatal(err)
	}
	parsed, err := virtualwebauthn.ParseAssertionOptions(string(text))
	if err != nil {
		d.t.Fatalf("%v: %s", err, text)
	}
	if d.key.Counter > 0 {
		d.key.Counter++
	}
	return d.answer(virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.key, *parsed))
}

func (d *device) answer(text string) map[string]any {
	d.t.Helper()
	var answer map[string]any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		d.t.Fatal(err)
	}
	return answer
}

func (d *device) id() string { return base64.RawURLEncoding.EncodeToString(d.key.ID) }

// creation and request return the options of a response.
func creation(a *clienttest.Answer) any { return a.Status(200).Value("data", "creation_options") }
func request(a *clienttest.Answer) any  { return a.Status(200).Value("data", "request_options") }

// addKey registers a key; a passkey can log in on its own.
func addKey(t testing.TB, s *clienttest.Server, c *clienttest.Client, passkey bool) *device {
	t.Helper()
	d := newDevice(t, s)
	path := "account/authenticators/webauthn"
	query := map[bool]string{true: "?passwordless"}[passkey]
	c.Post(path, body{"credential": d.create(creation(c.Get(path + query)))}).Status(200)
	return d
}

// withKey signs up and registers a key.
func withKey(t testing.TB, s *clienttest.Server, kind clienttest.Kind, email string, passkey bool) (*clienttest.Client, *device) {
	t.Helper()
	c := s.SignUp(kind, email)
	reauthenticate(c)
	return c, addKey(t, s, c, passkey)
}

// crowd is the number of clients that try the same thing at the same time.
const crowd = 64

// winners counts the responses with status 200.
func winners(n int, send func(i int) *clienttest.Answer) int {
	var won atomic.Int64
	clienttest.Parallel(n, func(i int) {
		if send(i).StatusCode == 200 {
			won.Add(1)
		}
	})
	return int(won.Load())
}

// userID returns the id of the logged-in user.
func userID(c *clienttest.Client) string {
	id, _ := c.Get("auth/session").Status(200).Value("data", "user", "id").(float64)
	return strconv.FormatFloat(id, 'f', 0, 64)
}

// imported returns a key that was registered in another system.
func imported(t testing.TB, d *device) *webauthn.Credential {
	t.Helper()
	handle := []byte("1z")
	answer := d.create(map[string]any{
		"rp": body{"id": "localhost", "name": "Elsewhere"}, "challenge": "AQEBAQEBAQEBAQEBAQEBAQ",
		"user": body{"id": base64.RawURLEncoding.EncodeToString(handle)},
	})
	answer["clientExtensionResults"] = body{"credProps": body{"rk": true}}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	key, err := webauthn.ImportCredential(text, handle)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
