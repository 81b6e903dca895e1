package ui_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/ui"
)

// A provider is reached under a policy that does not list it.
func TestProviders(t *testing.T) {
	var s *site
	op, err := demoprovider.Start(demoprovider.Config{ClientID: "op", ClientSecret: "secret", Key: demoprovider.SharedKey(), Now: func() time.Time {
		if s == nil {
			return time.Now()
		}
		return s.Clock.Now()
	}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = op.Close(context.Background()) })
	s = start(t, func(cfg *allauth.Config) {
		cfg.Account.SignupFields = []string{"email*", "username*", "password1*"}
		cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{
			Provider: "openid_connect", ProviderID: "demo", Name: "Demo", ClientID: "op", ClientSecret: "secret",
			Settings: provider.Settings{ServerURL: op.Issuer()},
		}}, DisableAutoSignup: true}
	})
	s.visit("/account/login?next=/app")
	s.sees("Log in")
	s.press("Continue with Demo")
	s.do("cancel", chromedp.WaitVisible(`//p[contains(text(), "Who are you today")]`), chromedp.Click(`//button[text()="Cancel"]`))
	s.sees("Not connected")
	s.press("Continue")
	s.sees("Log in")
	s.press("Continue with Demo")
	s.do("pick a person", chromedp.WaitVisible(`//p[contains(text(), "Who are you today")]`), chromedp.Click(`//form[1]/button`))
	s.sees("Complete your sign-up")
	s.fill("Username", "ann")
	s.press("Sign up")
	s.do("the application", chromedp.WaitVisible(`//h1[text()="The application"]`))
	s.visit("/account/providers")
	s.sees("Connected accounts")
	s.press("Disconnect")
	s.press("Disconnect")
	s.warns("Set a password") // it is the only way to log in
	// The user authenticates again at the provider, and comes back.
	s.Clock.Advance(10 * time.Minute)
	s.visit("/account/password/change")
	s.sees("Password")
	s.fill("New password", newPass)
	s.press("Save")
	s.await("the dialog", `document.querySelector('dialog[open] h1')?.textContent === 'Confirm that it is you'`)
	s.look("Reauthenticate by a provider")
	s.press("Continue with Demo")
	s.do("pick a person", chromedp.WaitVisible(`//p[contains(text(), "Who are you today")]`), chromedp.Click(`//form[1]/button`))
	s.sees("Password")
	s.fill("New password", newPass)
	s.press("Save")
	s.sees("Your account")
	s.says("Your password is changed.")
}

func TestActivityExportAndDeletion(t *testing.T) {
	s := start(t, func(cfg *allauth.Config) {
		cfg.Audit = &audit.Config{ShowToUsers: true}
		cfg.Users.DeletionEnabled, cfg.Users.ExportEnabled = true, true
		cfg.Sessions.TrackActivity = true
		cfg.Account.LoginAlerts = true
	})
	s.signUp(ann)
	s.disownLogin()
	s.press("Activity")
	s.sees("Activity")
	s.await("the login", `document.body.innerText.includes('Logged in') && document.body.innerText.includes('Chrome on Linux')`)
	s.visit("/account/delete")
	s.sees("Delete account")
	s.press("Delete my account")
	s.look("Question of the deletion")
	s.press("Delete my account")
	s.sees("Log in")
	s.says("Your account will be deleted on")
	s.logIn(ann, clienttest.Password)
	s.sees("Your account")
	s.press("Keep my account")
	s.sees("Delete account")
	s.press("Keep my account")
	s.says("Your account is kept.")
}

// disownLogin logs in from another device, disowns that login by the link of the alert, and
// logs in again.
func (s *site) disownLogin() {
	s.t.Helper()
	s.Client(clienttest.App).Post("auth/login", map[string]any{"email": ann, "password": clienttest.Password}).Status(http.StatusOK)
	s.visit(s.link(ann))
	s.sees("Login from a new device")
	s.press("This was not me")
	s.press("This was not me")
	s.says("All sessions have ended.")
	s.visit("/account/")
	s.sees("Log in")
	s.logIn(ann, clienttest.Password)
	s.sees("Your account")
}

// A user who must have a second factor adds one before the login is complete.
func TestEnrolment(t *testing.T) {
	s := start(t, func(cfg *allauth.Config) {
		cfg.MFA = &mfa.Config{RequiredFor: func(context.Context, *authn.User) (bool, error) { return true, nil }}
	})
	s.visit("/account/signup")
	s.fill("Email address", ann)
	s.fill("Password", clienttest.Password)
	s.press("Sign up")
	s.sees("Verify your email address")
	s.visit(s.link(ann))
	s.press("Yes, verify it")
	s.sees("Log in")
	s.visit("/account/login?next=/app")
	s.sees("Log in")
	s.logIn(ann, clienttest.Password)
	s.sees("Enter your code")
	s.fill("Code", s.Secret(ann))
	s.press("Continue")
	s.sees("Add a second factor")
	s.do("reload", chromedp.Reload())
	s.sees("Add a second factor")
	s.fill("Code of your app", s.appCode(evaluate[string](s, `document.querySelector('code').textContent`)))
	s.press("Turn on")
	s.sees("Recovery codes")
	s.says("Your app is set up.")
	s.press("Continue")
	s.do("the application", chromedp.WaitVisible(`//h1[text()="The application"]`))
}

// broken is a proxy that answers some requests instead of the server.
type broken struct {
	next   atomic.Pointer[http.Handler]
	status atomic.Int32 // that is answered, if it is not 0
	delay  atomic.Int64 // of each answer of the API
	posts  atomic.Int32 // requests that change something
	header atomic.Value // Retry-After
}

func (b *broken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_allauth/") {
		if r.Method != http.MethodGet {
			b.posts.Add(1)
		}
		time.Sleep(time.Duration(b.delay.Load())) // of the network
		if status := int(b.status.Load()); status != 0 {
			if after, ok := b.header.Load().(string); ok {
				w.Header().Set("Retry-After", after)
			}
			http.Error(w, "<h1>from a proxy</h1>", status)
			return
		}
	}
	(*b.next.Load()).ServeHTTP(w, r)
}

func TestFaults(t *testing.T) {
	between := &broken{}
	front := httptest.NewServer(between)
	t.Cleanup(front.Close)
	s := start(t, func(cfg *allauth.Config) { cfg.BaseURL = strings.Replace(front.URL, "127.0.0.1", "localhost", 1) })
	back, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := http.Handler(httputil.NewSingleHostReverseProxy(back))
	between.next.Store(&proxy)
	s.visit("/account/login")
	s.sees("Log in")

	between.status.Store(502)
	s.logIn(ann, clienttest.Password)
	s.warns("The server is unavailable.")
	between.header.Store("40")
	between.status.Store(429)
	s.press("Log in")
	s.warns("Too many attempts.")
	if got := evaluate[string](s, `document.querySelector('input').value`); got != ann {
		t.Errorf("what was typed became %q", got)
	}
	between.status.Store(503)
	s.do("reload", chromedp.Reload())
	s.await("the problem", `document.querySelector('h1')?.textContent === 'No connection' || document.querySelector('[role=alert]')?.textContent`)
	between.status.Store(0)
	s.press("Try again")
	s.sees("Log in")

	s.offline(true)
	s.logIn(ann, clienttest.Password)
	s.warns("offline")
	s.offline(false)

	// A second click while the answer is awaited sends nothing, and the button says so.
	s.visit("/account/signup")
	s.sees("Sign up")
	s.fill("Email address", ann)
	s.fill("Password", clienttest.Password)
	between.posts.Store(0)
	between.delay.Store(int64(3 * time.Second))
	s.press("Sign up")
	s.press("Sign up")
	s.await("a spinner", `getComputedStyle(document.querySelector('[aria-busy=true]'), '::after').opacity === '1'`)
	between.delay.Store(0)
	s.sees("Verify your email address")
	if got := between.posts.Load(); got != 1 {
		t.Errorf("%d requests were sent", got)
	}
}

func (s *site) offline(off bool) {
	s.t.Helper()
	s.do("offline", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: -1, UploadThroughput: -1}); err != nil {
			return err
		}
		var conditions []*network.Conditions
		if off {
			conditions = append(conditions, &network.Conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
		}
		_, err := cdp.Call(ctx, t, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: conditions})
		return err
	}))
}

// A browser without WebAuthn shows no passkeys.
func TestABrowserWithoutWebAuthn(t *testing.T) {
	s := start(t, withPasskeys)
	s.visit("/account/login")
	s.sees("Log in")
	s.await("a passkey", `document.body.innerText.includes('Use a passkey')`)
	evaluate[bool](s, `delete PublicKeyCredential.parseRequestOptionsFromJSON`)
	s.press("Sign up")
	s.sees("Sign up")
	if evaluate[bool](s, `document.body.innerText.includes('passkey')`) {
		t.Error("the page offers passkeys")
	}
}

// Every language fits on the smallest phone.
func TestLanguages(t *testing.T) {
	s := startWith(t, ui.Config{Texts: map[string]map[string]string{"ar": {"login.title": "تسجيل الدخول", "password": "كلمة المرور"}}}, func(cfg *allauth.Config) {
		cfg.Languages = []string{"en", "de", "fr", "es", "nl", "pl", "ar"}
		cfg.MFA = &mfa.Config{}
	})
	s.signUp(ann)
	for _, language := range []string{"de", "fr", "es", "nl", "pl", "ar"} {
		s.do("language", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			if _, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{}); err != nil {
				return err
			}
			_, err := cdp.Call(ctx, t, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": language}})
			return err
		}))
		for _, path := range []string{"", "email", "password/change", "2fa", "2fa/totp", "sessions"} {
			s.visit("/account/" + path)
			s.await(language+" "+path, `document.querySelector('h1') && !document.querySelector('allauth-app > [aria-busy]')`)
			if got := evaluate[string](s, `document.documentElement.lang`); got != language {
				t.Fatalf("%s is in %s", path, got)
			}
			s.look(language + " " + path)
		}
	}
}

// The client of an app keeps its tokens, renews them once for all tabs, and drops them
// when its session has ended.
func TestTheClientOfAnApp(t *testing.T) {
	s := start(t, func(cfg *allauth.Config) {
		cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: []byte("0123456789abcdef0123456789abcdef")}}}
	})
	var seen atomic.Int32
	served := s.Handler
	mux := http.NewServeMux()
	mux.Handle("/", served)
	mux.Handle("GET /me", s.Auth.Middleware(s.Auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := s.Auth.UserFrom(r.Context())
		_, _ = fmt.Fprint(w, user.ID)
	}))))
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/_allauth/app/v1/tokens/refresh" {
			seen.Add(1)
		}
		mux.ServeHTTP(w, r)
	})
	s.SignUp(clienttest.App, ann)
	other := s.newTab()
	for _, tab := range []*site{s, other} {
		tab.visit("/account/login")
		tab.sees("Log in")
		evaluate[bool](tab, `import(document.querySelector('script[type=module]').src.replace('elements/index.js', 'client/index.js')).then(async ({Client}) => {
			window.client = new Client({kind: 'app', storage: localStorage});
			await client.start();
			return true;
		})`)
	}
	if got := evaluate[string](s, `client.call('POST auth/login', {email: 'ann@example.org', password: '`+clienttest.Password+`'}).then(({status}) => status + client.state.name)`); got != "200signedIn" {
		t.Fatalf("the login: %s", got)
	}
	other.await("the other tab", `client.state.name === 'signedIn'`)
	s.Clock.Advance(6 * time.Minute) // the access token has expired
	for _, tab := range []*site{s, other} {
		evaluate[bool](tab, `(window.me = Promise.all([1, 2, 3].map(() => client.fetch('/me').then((response) => response.status))), true)`)
	}
	for _, tab := range []*site{s, other} {
		if got := evaluate[string](tab, `me.then(String)`); got != "200,200,200" {
			t.Errorf("the host's route: %s", got)
		}
	}
	if got := seen.Load(); got != 1 {
		t.Errorf("the tokens were renewed %d times", got)
	}
	if got := evaluate[string](s, `client.call('DELETE auth/session').then(({status}) => status + client.state.name)`); got != "401signedOut" {
		t.Errorf("the logout: %s", got)
	}
	other.await("the other tab", `client.state.name === 'signedOut'`)
	// The next answer is 410: the client drops its token, and a login works.
	if got := evaluate[string](s, `client.call('GET auth/session').then(({status}) => client.call('POST auth/login', {email: 'ann@example.org', password: '`+clienttest.Password+`'}).then((answer) => status + ' ' + answer.status))`); got != "410 200" && got != "401 200" {
		t.Errorf("after the logout: %s", got)
	}
}
