package mfa_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testbrowser"
)

// The functions of docs/passkeys.md run in Chromium, with its virtual authenticator.

var (
	functions = regexp.MustCompile(`(?ms)^(?:async )?function .*?^}$|^const supportsAutofill.*?;$`)
	callOf    = regexp.MustCompile(`(?ms)^async function call\(method, path, body\) \{\n  const csrf.*?^}$`)
)

// scripts returns the functions of the documentation.
func scripts(t *testing.T) string {
	t.Helper()
	var found []string
	for page, expression := range map[string]*regexp.Regexp{"frontend.md": callOf, "passkeys.md": functions} {
		text, err := os.ReadFile("../../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, expression.FindAllString(string(text), -1)...)
	}
	if len(found) < 6 {
		t.Fatalf("the documentation has the functions %v", found)
	}
	return strings.Join(found, "\n")
}

// chromium is a browser with a virtual authenticator that shows a page of a server.
type chromium struct {
	*clienttest.Server
	t   *testing.T
	ctx context.Context
	key webauthn.AuthenticatorID
}

// page serves the functions of the documentation beside the API.
func page(t *testing.T, api http.Handler) http.Handler {
	t.Helper()
	html := "<!doctype html><title>page</title><input name=email autocomplete='username webauthn'><script>" + scripts(t) + "</script>"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_allauth/") || strings.HasPrefix(r.URL.Path, "/.well-known/") {
			api.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(html))
	})
}

// startChromium starts a server and opens its page.
func startChromium(t *testing.T, edit ...func(cfg *allauth.Config)) *chromium {
	t.Helper()
	c := &chromium{t: t, ctx: testbrowser.Start(t)}
	c.Server = start(t, edit...)
	c.Handler = page(t, c.Handler)
	c.addAuthenticator()
	c.open(c.Config.BaseURL)
	return c
}

// startSites starts a server with https for the hosts, and a browser that finds it. The
// settings are those of the site example.com.
func startSites(t *testing.T, hosts []string, edit ...func(cfg *allauth.Config)) *chromium {
	t.Helper()
	c := &chromium{t: t}
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.Handler.ServeHTTP(w, r) }))
	t.Cleanup(site.Close)
	rules := make([]string, len(hosts))
	for i, host := range hosts {
		rules[i] = "MAP " + host + " " + site.Listener.Addr().String()
	}
	c.ctx = testbrowser.Start(t, chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("host-resolver-rules", strings.Join(rules, ",")))
	c.Server = start(t, append([]func(cfg *allauth.Config){func(cfg *allauth.Config) { cfg.BaseURL = "https://example.com" }}, edit...)...)
	related := c.Auth.RelatedOrigins()
	api := c.Handler
	c.Handler = page(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/webauthn" && r.Host == "example.com" {
			related.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}))
	c.addAuthenticator()
	return c
}

// addAuthenticator adds a virtual authenticator with synced passkeys.
func (c *chromium) addAuthenticator() {
	c.t.Helper()
	added, err := chromedp.Run(c.ctx, func(ctx context.Context, target *chromedp.Target) (webauthn.AddVirtualAuthenticatorResult, error) {
		var none webauthn.AddVirtualAuthenticatorResult
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return none, err
		}
		return cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
			DefaultBackupEligibility: true, DefaultBackupState: true,
		}})
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.key = added.AuthenticatorID
}

// open opens a page.
func (c *chromium) open(url string) {
	c.t.Helper()
	if err := chromedp.Do(c.ctx, chromedp.Navigate(url)); err != nil {
		c.t.Fatal(err)
	}
}

// run runs the body of an async function in the page, and decodes what it returns.
func (c *chromium) run(script string, result any) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, testbrowser.Patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		fmt.Sprintf("(async () => { %s })().then((value) => JSON.stringify(value ?? null), (error) => JSON.stringify({error: String(error)}))", script), chromedp.EvalAwaitPromise))
	if err != nil {
		c.t.Fatalf("%s: %v", script, err)
	}
	if strings.HasPrefix(text, `{"error":`) {
		c.t.Fatalf("%s: %s", script, text)
	}
	if result != nil {
		if err := json.Unmarshal([]byte(text), result); err != nil {
			c.t.Fatalf("%s: %s: %v", script, text, err)
		}
	}
}

// passkeys returns the passkeys in the authenticator.
func (c *chromium) passkeys() []*webauthn.Credential {
	c.t.Helper()
	list, err := chromedp.Run(c.ctx, func(ctx context.Context, target *chromedp.Target) (webauthn.GetCredentialsResult, error) {
		return cdp.Call(ctx, target, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: c.key})
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return list.Credentials
}

const (
	// logIn logs in with the password.
	logIn = `await call('GET', 'config'); const login = await call('POST', 'auth/login', {email: 'ann@example.org', password: '` + password + `'});`
	// addPasskey adds a passkey, as docs/frontend.md says.
	addPasskey = `
		const {data} = await call('GET', 'account/authenticators/webauthn?passwordless');
		const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(data.creation_options.publicKey);
		const credential = await navigator.credentials.create({publicKey});
		const added = await call('POST', 'account/authenticators/webauthn', {credential: credential.toJSON()});`
)

// await waits until the passkeys in the authenticator are as the function says.
func (c *chromium) await(what string, is func(keys []*webauthn.Credential) bool) {
	c.t.Helper()
	for deadline := time.Now().Add(testbrowser.Patience); ; {
		keys := c.passkeys()
		if is(keys) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: the authenticator has %d passkeys", what, len(keys))
		}
	}
}

// answer is a response of the API in the page.
type answer struct {
	Status int
	Data   struct {
		User  struct{ Email string }
		Flows []flow
	}
	Errors []struct{ Code string }
}

type flow struct {
	ID      string
	Pending bool `json:"is_pending"`
}

func (a answer) loggedIn() bool { return a.Status == 200 && a.Data.User.Email == ann }

// The browser logs the user in by autofill, again and again, whatever the user did in
// between.
func TestChromiumLogsInByAutofill(t *testing.T) {
	t.Parallel()
	c := startChromium(t)
	c.SignUp(clienttest.App, ann)
	var supported bool
	c.run(`return supportsAutofill()`, &supported)
	if !supported {
		t.Fatal("the browser does not support autofill")
	}
	c.run(logIn+addPasskey+`if (added.status !== 200) throw JSON.stringify(added)`, nil)
	for round := range 3 {
		var got answer
		c.run(`await call('DELETE', 'auth/session'); return logInByAutofill()`, &got)
		if !got.loggedIn() {
			t.Errorf("round %d: %+v", round, got)
		}
	}
	// The page is open while the user enters a wrong password, and for most of an hour.
	var got answer
	c.run(`
		await call('DELETE', 'auth/session');
		window.options = await call('GET', 'auth/webauthn/login');
		await call('POST', 'auth/login', {email: 'ann@example.org', password: 'a wrong password'});`, nil)
	c.Clock.Advance(59 * time.Minute)
	c.run(`
		const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.data.request_options.publicKey);
		const credential = await navigator.credentials.get({publicKey, mediation: 'conditional'});
		return call('POST', 'auth/webauthn/login', {credential: credential.toJSON()});`, &got)
	if !got.loggedIn() {
		t.Errorf("after most of an hour: %+v", got)
	}
}

// The browser creates a passkey after a login with a password. Headless Chromium does not
// resolve conditional creations, so the page creates it without the mediation, and clears
// the flags of presence and verification, which nothing signs.
func TestChromiumUpgrades(t *testing.T) {
	t.Parallel()
	c := startChromium(t, upgrades)
	c.SignUp(clienttest.App, ann)
	const create = `
		const create = navigator.credentials.create.bind(navigator.credentials);
		navigator.credentials.create = async ({publicKey, mediation}) => {
			window.mediation = mediation;
			const made = await create({publicKey}), json = made.toJSON();
			const object = Uint8Array.fromBase64(json.response.attestationObject, {alphabet: 'base64url'});
			const data = new Uint8Array(made.response.getAuthenticatorData());
			object[object.length - data.length + 32] &= ~0x05;
			json.response.attestationObject = object.toBase64({alphabet: 'base64url', omitPadding: true});
			return {toJSON: () => json};
		};`
	var mediation string
	c.run(logIn+create+`await upgradeToPasskey(); return mediation`, &mediation)
	if keys := c.passkeys(); mediation != "conditional" || len(keys) != 1 || !keys[0].IsResidentCredential {
		t.Fatalf("the page created %v with mediation %q", keys, mediation)
	}
	var got answer
	c.run(`await call('DELETE', 'auth/session');`+logIn+`return login`, &got)
	if !got.loggedIn() {
		t.Errorf("a login with the password alone: %+v", got)
	}
	c.run(`await call('DELETE', 'auth/session'); return logInByAutofill()`, &got)
	if !got.loggedIn() {
		t.Errorf("the first login with the passkey: %+v", got)
	}
	c.run(`await call('DELETE', 'auth/session');`+logIn+`return login`, &got)
	if got.Status != 401 || !slices.Contains(got.Data.Flows, flow{"mfa_authenticate", true}) {
		t.Errorf("a login with the password afterwards: %+v", got)
	}
}

// The authenticator forgets the passkeys that the account no longer has, and no others,
// and learns the user's names.
func TestChromiumSignals(t *testing.T) {
	t.Parallel()
	c := startChromium(t, signals, func(cfg *allauth.Config) {
		cfg.Headless.UserPayload = func(_ context.Context, _ *authn.User, payload map[string]any) {
			payload["display"] = "Ann of the Example"
		}
	})
	id := userID(c.SignUp(clienttest.App, ann))
	c.run(logIn+addPasskey, nil)
	c.run(`window.keys = await signalPasskeys()`, nil)
	c.await("new names", func(keys []*webauthn.Credential) bool {
		return len(keys) == 1 && keys[0].UserName == ann && keys[0].UserDisplayName == "Ann of the Example"
	})
	// Removed by the page, which tells the authenticator.
	c.run(`
		const removed = await call('DELETE', 'account/authenticators/webauthn', {authenticators: keys.map((key) => key.id)});
		if (removed.status !== 200) throw JSON.stringify(removed);
		await signalPasskeys(keys);`, nil)
	c.await("a removed passkey", func(keys []*webauthn.Credential) bool { return len(keys) == 0 })
	// Removed elsewhere, so that the browser offers it until it is refused.
	c.run(addPasskey+`await signalPasskeys()`, nil)
	if keys := c.passkeys(); len(keys) != 1 {
		t.Fatalf("a signal deleted a passkey of the account: %v", keys)
	}
	if err := c.Auth.Users().Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	var got answer
	c.run(`
		const {data} = await call('GET', 'auth/webauthn/login');
		const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(data.request_options.publicKey);
		const credential = await navigator.credentials.get({publicKey});
		const response = await call('POST', 'auth/webauthn/login', {credential: credential.toJSON()});
		signalUnknown(response, publicKey, credential);
		return response;`, &got)
	if got.Status != 400 || len(got.Errors) != 1 || got.Errors[0].Code != "unknown_credential" {
		t.Errorf("a login with an unknown passkey: %+v", got)
	}
	c.await("an unknown passkey", func(keys []*webauthn.Credential) bool { return len(keys) == 0 })
}

// A passkey that was created at one site logs in at the sites that it lists, and at no
// other.
func TestChromiumUsesPasskeysOfRelatedSites(t *testing.T) {
	t.Parallel()
	const site, sister, alien = "https://example.com", "https://www.example.co.uk", "https://example.net"
	c := startSites(t, []string{"example.com", "www.example.co.uk", "example.net"}, func(cfg *allauth.Config) {
		cfg.TrustedOrigins = []string{sister, alien}
		cfg.MFA.WebAuthnOrigins = []string{site, sister}
	})
	c.SignUp(clienttest.App, ann)
	c.open(site)
	c.run(logIn+addPasskey+`if (added.status !== 200) throw JSON.stringify(added)`, nil)
	c.open(sister)
	var got answer
	c.run(`return logInByAutofill()`, &got)
	if !got.loggedIn() {
		t.Errorf("at the sister site: %+v", got)
	}
	var refusal string
	c.open(alien)
	c.run(`return logInByAutofill().then((response) => 'status ' + response.status, (error) => error.name)`, &refusal)
	if refusal != "SecurityError" {
		t.Errorf("at another site: %s", refusal)
	}
}

// A login that must enroll adds a passkey in the page, and a route that requires one gets
// it.
func TestChromiumEnrollsAndStepsUp(t *testing.T) {
	t.Parallel()
	rule := &requirement{}
	c := startChromium(t, rule.edit)
	c.SignUp(clienttest.App, ann)
	rule.on.Store(true)
	api := c.Handler
	vault := c.Auth.Middleware(c.Auth.RequireStepUp(allauth.StepUp{PhishingResistant: true, MaxAge: time.Minute})(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	c.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/vault" {
			vault.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
	var got answer
	c.run(logIn+`return login`, &got)
	if len(got.Data.Flows) == 0 {
		t.Fatalf("the login: %+v", got)
	}
	c.run(fmt.Sprintf(`return call('POST', 'auth/code/confirm', {code: %q})`, c.MailOf("account/login_code", ann).Code()), &got)
	c.open(c.Config.BaseURL) // the page was reloaded
	c.run(`return enrollPasskey()`, &got)
	if !got.loggedIn() || len(c.passkeys()) != 1 {
		t.Fatalf("the enrolment: %+v", got)
	}
	var status int
	c.run(`return (await withStepUp(() => fetch('/vault'))).status`, &status)
	if status != http.StatusNoContent {
		t.Errorf("after the enrolment: status %d", status)
	}
	c.Clock.Advance(2 * time.Minute)
	c.run(`return (await fetch('/vault')).status`, &status)
	if status != http.StatusUnauthorized {
		t.Errorf("later: status %d", status)
	}
	c.run(`return (await withStepUp(() => fetch('/vault'))).status`, &status)
	if status != http.StatusNoContent {
		t.Errorf("with a step-up: status %d", status)
	}
}
