package frozen_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	_ "github.com/allauth-go/allauth/internal/integration/contract"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// body is the input of a request.
type body = clienttest.Body

const (
	app      = clienttest.App
	browser  = clienttest.Browser
	password = clienttest.Password
	baseURL  = "https://app.example.com"
)

// fixture is what clients and users had when a version was shut down.
type fixture struct {
	// At is the time at which the fixture was complete.
	At time.Time
	// TokenKey is the PEM of the key of access tokens.
	TokenKey string
	// Held are the clients and users by the name of their scenario.
	Held map[string]*held
}

// held is what one client and its user had. Each scenario uses some fields.
type held struct {
	Kind    clienttest.Kind   `json:",omitempty"`
	Token   string            `json:",omitempty"`
	Cookies map[string]string `json:",omitempty"`
	// Access and Refresh are tokens; Spent is a refresh token that was used.
	Access, Refresh, Spent string `json:",omitempty"`
	Email, Phone, Username string `json:",omitempty"`
	// Secret is what was mailed, texted or shown: a code, a key, a TOTP secret.
	Secret string `json:",omitempty"`
	// Codes are recovery codes; Used is one that was used.
	Codes []string `json:",omitempty"`
	Used  string   `json:",omitempty"`
	// Key is an authenticator with its private key, Options what it was asked.
	Key     *virtualwebauthn.Credential `json:",omitempty"`
	Handle  []byte                      `json:",omitempty"`
	Options json.RawMessage             `json:",omitempty"`
	// URL is where the client was sent.
	URL    string `json:",omitempty"`
	UserID string `json:",omitempty"`
}

const fixtureFile = "held.json"

func readFixture(t *testing.T, dir string) *fixture {
	t.Helper()
	f := &fixture{}
	if err := json.Unmarshal(readFile(t, dir, fixtureFile), f); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) write(t *testing.T, dir string) {
	t.Helper()
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, fixtureFile, append(text, '\n'))
}

// site is a server with all features turned on, and its OpenID provider.
type site struct {
	*clienttest.Server
	t       *testing.T
	op      *demoprovider.Provider
	fixture *fixture
	clients atomic.Int64
}

// startProvider starts the OpenID provider at the time of the fixture.
func (f *fixture) startProvider(t *testing.T) *demoprovider.Provider {
	t.Helper()
	op, err := demoprovider.Start(demoprovider.Config{
		ClientID: "op", ClientSecret: "op-secret", Now: func() time.Time { return f.At },
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = op.Close(context.Background()) })
	return op
}

// start starts a server on the store at the time of the fixture. codes turns on
// verification and reset by code in place of links.
func (f *fixture) start(t *testing.T, db *database, op *demoprovider.Provider, codes bool) *site {
	t.Helper()
	key, err := token.ParseKey([]byte(f.TokenKey))
	if err != nil {
		t.Fatal(err)
	}
	clock := clienttest.NewClock()
	clock.Advance(f.At.Sub(clock.Now()))
	s := &site{t: t, fixture: f, op: op}
	s.Server = clienttest.StartOn(t, db.store, func(cfg *allauth.Config) {
		cfg.BaseURL = baseURL
		cfg.Now = clock.Now
		cfg.DisableRateLimits = false
		cfg.Account.LoginMethods = []account.LoginMethod{account.LoginByEmail, account.LoginByUsername, account.LoginByPhone}
		cfg.Account.SignupFields = []string{"email*", "username", "phone", "password1*"}
		cfg.Account.Phone = &account.PhoneConfig{}
		cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
		cfg.Tokens = &token.Config{Keys: []token.Key{key}}
		cfg.MFA = &mfa.Config{
			SupportedTypes:      []mfa.Type{mfa.RecoveryCodes, mfa.TOTP, mfa.WebAuthn},
			PasskeyLoginEnabled: true, TrustEnabled: true,
		}
		cfg.SocialAccount = &socialaccount.Config{StoreTokens: true, Providers: []provider.App{{
			Provider: "openid_connect", ProviderID: "op", Name: "OP", ClientID: "op", ClientSecret: "op-secret",
			Settings: provider.Settings{ServerURL: s.op.Issuer()},
		}}}
		if codes {
			cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
			cfg.Account.PasswordResetByCode = &account.CodeConfig{}
			cfg.MFA.PasskeySignupEnabled = true
		}
	})
	s.Clock = clock
	s.Server.URL = baseURL // the clients' cookies belong there
	return s
}

// client returns a client with an IP address of its own.
func (s *site) client(kind clienttest.Kind) *clienttest.Client {
	c := s.Client(kind)
	n := s.clients.Add(1)
	c.HTTP.Transport = inProcess{s, fmt.Sprintf("198.51.%d.%d:1234", n/250, n%250+1)}
	c.Header.Set("User-Agent", "frozen")
	return c
}

// inProcess passes requests to the server without a network, so that the site can
// have any host name.
type inProcess struct {
	site *site
	from string
}

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RemoteAddr, in.RequestURI, in.Host = p.from, r.URL.RequestURI(), r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.site.Handler.ServeHTTP(w, in)
	response := w.Result()
	response.Request = r
	return response, nil
}

// hold records what the client has under a name.
func (s *site) hold(name string, c *clienttest.Client, more held) {
	s.t.Helper()
	if s.fixture.Held[name] != nil {
		s.t.Fatalf("two scenarios are named %q", name)
	}
	if c != nil {
		more.Kind, more.Token = c.Kind, c.Token
		if c.Kind == app && c.AccessToken != "" {
			more.Access, more.Refresh = c.AccessToken, c.RefreshToken
		}
		for _, cookie := range c.HTTP.Jar.Cookies(&url.URL{Scheme: "https", Host: strings.TrimPrefix(baseURL, "https://"), Path: "/"}) {
			if more.Cookies == nil {
				more.Cookies = map[string]string{}
			}
			more.Cookies[cookie.Name] = cookie.Value
		}
	}
	s.fixture.Held[name] = &more
}

// resume returns the client of a scenario with what it had.
func (s *site) resume(name string) (*clienttest.Client, *held) {
	s.t.Helper()
	h := s.fixture.Held[name]
	if h == nil {
		s.t.Fatalf("no scenario is named %q", name)
	}
	kind := h.Kind
	if kind == "" {
		kind = app
	}
	c := s.client(kind)
	c.Token, c.AccessToken, c.RefreshToken = h.Token, h.Access, h.Refresh
	for cookie, value := range h.Cookies {
		c.SetCookie(cookie, value)
	}
	return c, h
}
