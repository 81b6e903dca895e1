package allauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// guarded is a server whose users can log in with a code, with a provider, and
// with second factors.
type guarded struct {
	*clienttest.Server
	t        *testing.T
	provider *demoprovider.Provider
}

// withKeys turns on security keys, and gives the server a host name that they can
// be bound to.
func withKeys(cfg *allauth.Config) {
	cfg.MFA.SupportedTypes = []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn}
	u, _ := url.Parse(cfg.BaseURL)
	cfg.BaseURL = "http://localhost:" + u.Port()
}

func startGuarded(t *testing.T, edit ...func(cfg *allauth.Config)) *guarded {
	g := &guarded{t: t}
	now := func() time.Time {
		if g.Server == nil {
			return time.Now()
		}
		return g.Clock.Now()
	}
	op, err := demoprovider.Start(demoprovider.Config{ClientID: "op", ClientSecret: "op-secret", Now: now}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = op.Close(context.Background()) })
	g.provider = op
	g.Server = clienttest.Start(t, append([]func(*allauth.Config){passwordless, func(cfg *allauth.Config) {
		cfg.Account.LoginByCode.Required, cfg.Account.LoginByCode.RequiredFor = false, []string{"password"}
		cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{
			Provider: "openid_connect", ProviderID: "op", ClientID: "op", ClientSecret: "op-secret", Settings: provider.Settings{ServerURL: op.Issuer()},
		}}}
	}}, edit...)...)
	return g
}

func (g *guarded) token(process, subject string, more map[string]any) clienttest.Body {
	claims := map[string]any{"sub": subject}
	for name, value := range more {
		claims[name] = value
	}
	token, err := g.provider.IDToken(claims)
	if err != nil {
		g.t.Fatal(err)
	}
	return clienttest.Body{"provider": "op", "process": process, "token": clienttest.Body{"client_id": "op", "id_token": token}}
}

func (g *guarded) totp(secret string) string {
	code, err := totp.GenerateCode(secret, g.Clock.Now())
	if err != nil {
		g.t.Fatal(err)
	}
	return code
}

// activateTOTP sets up an authenticator app and returns its secret.
func (g *guarded) activateTOTP(c *clienttest.Client) string {
	secret, _ := c.Get("account/authenticators/totp").Status(404).Value("meta", "secret").(string)
	c.Post("account/authenticators/totp", clienttest.Body{"code": g.totp(secret)}).Status(200)
	return secret
}

// addKey begins to add a security key, and adds it if that is allowed.
func (g *guarded) addKey(c *clienttest.Client) *clienttest.Answer {
	answer := c.Get("account/authenticators/webauthn")
	if answer.StatusCode != http.StatusOK {
		return answer
	}
	return c.Post("account/authenticators/webauthn", clienttest.Body{"credential": g.newKey(answer)})
}

func (g *guarded) newKey(answer *clienttest.Answer) any {
	options, _ := json.Marshal(answer.Value("data", "creation_options"))
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		g.t.Fatal(err)
	}
	key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(key.Key.AttestationData()) != 77 { // the library drops leading zeros
		key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	rp := virtualwebauthn.RelyingParty{ID: "localhost", Name: "Example", Origin: g.Config.BaseURL}
	text := virtualwebauthn.CreateAttestationResponse(rp, virtualwebauthn.NewAuthenticator(), key, *parsed)
	var credential any
	if err := json.Unmarshal([]byte(text), &credential); err != nil {
		g.t.Fatal(err)
	}
	return credential
}

// verifySecond adds another verified address to the account.
func (g *guarded) verifySecond(c *clienttest.Client, second string) {
	c.Post("account/email", clienttest.Body{"email": second}).Status(200)
	c.Post("auth/email/verify", clienttest.Body{"key": g.Mail(second).Key()}).Status(200)
}

// guardedRequest is a request that requires a recent authentication. prepare runs
// while the authentication is recent; its result is passed to send.
type guardedRequest struct {
	name    string
	prepare func(g *guarded, c *clienttest.Client) any
	send    func(g *guarded, c *clienttest.Client, prepared any) *clienttest.Answer
	done    int
}

// In an old session of a user who only logs in with codes, none of these requests
// succeeds before the user has reauthenticated with a code.
func TestEveryGuardedRequestAsksForACode(t *testing.T) {
	t.Parallel()
	requests := []guardedRequest{
		{name: "add-address", send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("account/email", clienttest.Body{"email": "eve@example.org"})
		}},
		{name: "remove-address", prepare: func(g *guarded, c *clienttest.Client) any {
			g.verifySecond(c, "removed@example.org")
			return nil
		}, send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Delete("account/email", clienttest.Body{"email": "removed@example.org"})
		}},
		{name: "primary-address", prepare: func(g *guarded, c *clienttest.Client) any {
			g.verifySecond(c, "primary@example.org")
			return nil
		}, send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Patch("account/email", clienttest.Body{"email": "primary@example.org", "primary": true})
		}},
		{name: "number", done: 202, send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("account/phone", clienttest.Body{"phone": otherMobile})
		}},
		{name: "first-password", send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("account/password/change", firstPassword)
		}},
		{name: "totp", prepare: func(_ *guarded, c *clienttest.Client) any {
			return c.Get("account/authenticators/totp").Status(404).Value("meta", "secret")
		}, send: func(g *guarded, c *clienttest.Client, secret any) *clienttest.Answer {
			return c.Post("account/authenticators/totp", clienttest.Body{"code": g.totp(secret.(string))})
		}},
		{name: "key", send: func(g *guarded, c *clienttest.Client, _ any) *clienttest.Answer { return g.addKey(c) }},
		{name: "connect-by-token", send: func(g *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("auth/provider/token", g.token("connect", "connected", nil))
		}},
		{name: "disconnect", prepare: func(g *guarded, c *clienttest.Client) any {
			c.Post("auth/provider/token", g.token("connect", "kept", nil)).Status(200)
			c.Post("auth/provider/token", g.token("connect", "disconnected", nil)).Status(200)
			return nil
		}, send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Delete("account/providers", clienttest.Body{"provider": "op", "account": "disconnected"})
		}},
	}
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		g := startGuarded(t, withKeys)
		for _, r := range requests {
			email := r.name + "@example.com"
			c := byCodeOnly(t, g.Server, kind, "email", email)
			var prepared any
			if r.prepare != nil {
				reauthenticateByCode(g.Server, c, email)
				prepared = r.prepare(g, c)
				g.Clock.Advance(6 * time.Minute)
			}
			answer := r.send(g, c, prepared).Status(401)
			if !slices.Contains(answer.Flows(), "login_by_code") || slices.Contains(answer.Flows(), "reauthenticate") || answer.Value("meta", "is_authenticated") != true {
				t.Errorf("%s: %s", r.name, answer.Text)
			}
			reauthenticateByCode(g.Server, c, email)
			r.send(g, c, prepared).Status(max(r.done, 200))
			g.Clock.Advance(time.Minute)
		}
	})
}

// reauthenticateByCode reauthenticates the user with a mailed code.
func reauthenticateByCode(s *clienttest.Server, c *clienttest.Client, email string) {
	c.Post("auth/code/request", clienttest.Body{}).Status(401).Pending("login_by_code")
	c.Post("auth/code/confirm", clienttest.Body{"code": s.MailOf("account/reauthentication_code", email).Code()}).Status(200)
}

// A browser that is sent to a provider to connect an account returns with an
// error until the user has reauthenticated.
func TestTheRedirectToConnectAsksForACode(t *testing.T) {
	t.Parallel()
	g := startGuarded(t)
	c := byCodeOnly(t, g.Server, clienttest.Browser, "email", owner)
	visit := func(c *clienttest.Client, method, target string, form url.Values) string {
		request, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := c.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.Header.Get("Location")
	}
	connect := func() string {
		atProvider := visit(c, http.MethodPost, c.URL("auth/provider/redirect"), url.Values{
			"provider": {"op"}, "process": {"connect"}, "callback_url": {"/done"}, "csrfmiddlewaretoken": {c.Cookie("csrftoken")},
		})
		back := visit(g.Client(clienttest.Browser), http.MethodPost, atProvider, url.Values{"name": {"Ann"}, "email": {owner}})
		return visit(c, http.MethodGet, back, nil)
	}
	if location := connect(); !strings.HasSuffix(location, "/done?error=reauthentication_required&error_process=connect") {
		t.Errorf("without a proof: %s", location)
	}
	reauthenticateByCode(g.Server, c, owner)
	if location := connect(); !strings.HasSuffix(location, "/done") {
		t.Errorf("with a proof: %s", location)
	}
}

// A user with a second factor reauthenticates with it: access to a mailbox does
// not replace it.
func TestASecondFactorIsAskedForInPlaceOfACode(t *testing.T) {
	t.Parallel()
	requests := []guardedRequest{
		{name: "add-address", send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("account/email", clienttest.Body{"email": "eve@example.org"})
		}},
		{name: "first-password", send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("account/password/change", firstPassword)
		}},
		{name: "connect", send: func(g *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("auth/provider/token", g.token("connect", "with-totp", nil))
		}},
		{name: "add-key", send: func(g *guarded, c *clienttest.Client, _ any) *clienttest.Answer { return g.addKey(c) }},
		{name: "remove-key", prepare: func(g *guarded, c *clienttest.Client) any {
			return g.addKey(c).Status(200).Value("data", "id")
		}, send: func(_ *guarded, c *clienttest.Client, id any) *clienttest.Answer {
			return c.Delete("account/authenticators/webauthn", clienttest.Body{"authenticators": []any{id}})
		}},
		{name: "view-recovery-codes", send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Get("account/authenticators/recovery-codes")
		}},
		{name: "renew-recovery-codes", send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Post("account/authenticators/recovery-codes", nil)
		}},
		{name: "deactivate-totp", send: func(_ *guarded, c *clienttest.Client, _ any) *clienttest.Answer {
			return c.Delete("account/authenticators/totp", nil)
		}},
	}
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		g := startGuarded(t, withKeys)
		for _, r := range requests {
			email := r.name + "@example.com"
			c := byCodeOnly(t, g.Server, kind, "email", email)
			reauthenticateByCode(g.Server, c, email)
			secret := g.activateTOTP(c)
			var prepared any
			if r.prepare != nil {
				prepared = r.prepare(g, c)
			}
			g.Clock.Advance(time.Hour)
			answer := r.send(g, c, prepared).Status(401)
			if !slices.Equal(answer.Flows(), []string{"mfa_reauthenticate"}) {
				t.Errorf("%s: %s", r.name, answer.Text)
			}
			c.Post("auth/code/request", clienttest.Body{"email": email}).Status(200)
			c.Post("auth/code/confirm", clienttest.Body{"code": "BCDF-GHJK"}).Status(409)
			if kinds := g.Mails(email); slices.Contains(kinds, "account/reauthentication_code") {
				t.Errorf("%s: mails %v", r.name, kinds)
			}
			c.Post("auth/2fa/reauthenticate", clienttest.Body{"code": g.totp(secret)}).Status(200)
			r.send(g, c, prepared).Status(200)
			g.Clock.Advance(time.Minute)
		}
	})
}

// A user who only logs in with a provider reauthenticates there, or with a code
// if they have a verified address.
func TestAProviderReauthenticatesItsUsers(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		g := startGuarded(t)
		for subject, want := range map[string]struct {
			claims map[string]any
			flows  []string
		}{
			"bare":      {nil, []string{"provider_reauthenticate"}},
			"addressed": {map[string]any{"email": owner, "email_verified": true}, []string{"login_by_code", "provider_reauthenticate"}},
		} {
			c := g.Client(kind)
			if answer := c.Post("auth/provider/token", g.token("login", subject, want.claims)); answer.IsPending("login_by_code") {
				c.Post("auth/code/confirm", clienttest.Body{"code": g.MailOf("account/login_code", owner).Code()}).Status(200)
			}
			g.Clock.Advance(time.Hour)
			change := func() *clienttest.Answer { return c.Post("account/password/change", firstPassword) }
			flows := slices.Sorted(slices.Values(change().Status(401).Flows()))
			if !slices.Equal(flows, want.flows) {
				t.Errorf("%s: flows %v, want %v", subject, flows, want.flows)
			}
			c.Post("auth/provider/token", g.token("login", subject, want.claims)).Status(200)
			change().Status(200)
		}
	})
}
