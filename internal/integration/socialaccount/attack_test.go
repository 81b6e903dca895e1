package socialaccount_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// loggedOut fails the test if the client is logged in.
func loggedOut(t *testing.T, c *clienttest.Client) {
	t.Helper()
	c.Get("auth/session").Status(401)
}

// changed returns the callback with one parameter changed or removed.
func changed(t *testing.T, callback, name, value string) string {
	t.Helper()
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func parameter(t *testing.T, callback, name string) string {
	t.Helper()
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

func TestStateMustBeTheBrowsersOwn(t *testing.T) {
	t.Parallel()
	w := start(t)
	ann := userForm("Ann", "ann@example.org")
	for name, attack := range map[string]func(c *clienttest.Client, callback string) (*clienttest.Client, string){
		"missing": func(c *clienttest.Client, callback string) (*clienttest.Client, string) {
			return c, changed(t, callback, "state", "")
		},
		"made up": func(c *clienttest.Client, callback string) (*clienttest.Client, string) {
			return c, changed(t, callback, "state", "abc.def")
		},
		"without its secret": func(c *clienttest.Client, callback string) (*clienttest.Client, string) {
			id, _, _ := strings.Cut(parameter(t, callback, "state"), ".")
			return c, changed(t, callback, "state", id)
		},
		"of another browser": func(c *clienttest.Client, callback string) (*clienttest.Client, string) {
			victim := w.Client(browser)
			w.begin(victim, "op", "login", "/done")
			return victim, callback
		},
		"of another browser without a session": func(c *clienttest.Client, callback string) (*clienttest.Client, string) {
			return w.Client(browser), callback
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.Client(browser)
			c, callback := attack(c, w.pick(w.begin(c, "op", "login", "/done"), ann))
			if where := w.comeBack(c, callback); where != w.errorPage() {
				t.Errorf("lands at %s", where)
			}
			loggedOut(t, c)
		})
	}
}

func TestStateIsGoodOnceAndNotForLong(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
	w.comeBack(c, callback)
	c.Delete("auth/session", nil).Status(401)
	for name, again := range map[string]*clienttest.Client{"the browser": c, "another browser": w.Client(browser)} {
		if where := w.comeBack(again, callback); where != "/done" {
			t.Errorf("the second time %s lands at %s", name, where)
		}
		loggedOut(t, again)
	}
	forged := changed(t, callback, "state", parameter(t, callback, "state")+"x")
	if where := w.comeBack(w.Client(browser), forged); where != w.errorPage() {
		t.Errorf("a forged state lands at %s", where)
	}
	w.Clock.Advance(11 * time.Minute)
	if where := w.comeBack(c, callback); where != w.errorPage() {
		t.Errorf("11 minutes later it lands at %s", where)
	}
	late := w.Client(browser)
	callback = w.pick(w.begin(late, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
	w.Clock.Advance(11 * time.Minute)
	if where := w.comeBack(late, callback); where != w.errorPage() {
		t.Errorf("after 11 minutes it lands at %s", where)
	}
	loggedOut(t, late)
}

func TestStateIsUsedUpByAFailure(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
	if where := w.comeBack(c, changed(t, callback, "code", "wrong")); where != failed("/done", "unknown", "login") {
		t.Fatalf("lands at %s", where)
	}
	if where := w.comeBack(c, callback); where != failed("/done", "unknown", "login") {
		t.Fatalf("the true answer after a false one lands at %s", where)
	}
	loggedOut(t, c)
}

func TestStatesAreFew(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	var callbacks []string
	for range 12 {
		callbacks = append(callbacks, w.pick(w.begin(c, "op", "login", "/done"), url.Values{}))
	}
	for i, callback := range callbacks {
		want := failed("/done", "cancelled", "login")
		if i < 2 {
			want = w.errorPage()
		}
		if where := w.comeBack(c, callback); where != want {
			t.Errorf("login %d lands at %s", i, where)
		}
	}
}

// A callback with both an error and a code is a refusal.
func TestErrorWinsOverCode(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
	if where := w.comeBack(c, changed(t, callback, "error", "server_error")); where != failed("/done", "unknown", "login") {
		t.Fatalf("lands at %s", where)
	}
	loggedOut(t, c)
}

// An attacker makes the victim's browser deliver the attacker's code, so that the
// victim continues in the attacker's account: PKCE and nonce belong to the
// attacker's own login.
func TestCodeInjection(t *testing.T) {
	t.Parallel()
	w := start(t)
	victim, attacker := w.Client(browser), w.Client(browser)
	own := w.pick(w.begin(victim, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
	stolen := w.pick(w.begin(attacker, "op", "login", "/done"), userForm("Eve", "eve@example.org"))
	injected := changed(t, own, "code", parameter(t, stolen, "code"))
	if where := w.comeBack(victim, injected); where != failed("/done", "unknown", "login") {
		t.Fatalf("lands at %s", where)
	}
	loggedOut(t, victim)
}

// The callbacks of a provider that ignores PKCE are still verified.
func TestInvalidCallbacksAreRefused(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(w *world){
		"other nonce":    func(w *world) { w.editID = func(c map[string]any) { c["nonce"] = "other" } },
		"no nonce":       func(w *world) { w.editID = func(c map[string]any) { delete(c, "nonce") } },
		"other audience": func(w *world) { w.editID = func(c map[string]any) { c["aud"] = "other" } },
		"other issuer":   func(w *world) { w.editID = func(c map[string]any) { c["iss"] = "https://op.example.org" } },
		"expired":        func(w *world) { w.editID = func(c map[string]any) { c["exp"] = 1000 } },
		"no subject":     func(w *world) { w.editID = func(c map[string]any) { delete(c, "sub") } },
		"null subject":   func(w *world) { w.editID = func(c map[string]any) { c["sub"] = nil } },
		"two subjects":   func(w *world) { w.editInfo = func(c map[string]any) { c["sub"] = "another user" } },
		"an endless id":  func(w *world) { w.editID = func(c map[string]any) { c["sub"] = strings.Repeat("x", 300) } },
		"two audiences": func(w *world) {
			w.editID = func(c map[string]any) { c["aud"] = []string{"op", "other"}; c["azp"] = "other" }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			edit(w)
			c := w.Client(browser)
			if where := w.through(c, "login", userForm("Ann", "ann@example.org")); where != failed("/done", "unknown", "login") {
				t.Fatalf("lands at %s", where)
			}
			loggedOut(t, c)
		})
	}
}

func TestInvalidTokensAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	now := time.Now()
	sign := func(header, claims map[string]any) string {
		token, err := w.op.Sign(header, claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	full := func(edit func(c map[string]any)) map[string]any {
		c := claims("ann", "ann@example.org")
		c["iss"], c["aud"], c["iat"], c["exp"] = w.op.Issuer(), "op", now.Unix(), now.Add(time.Minute).Unix()
		edit(c)
		return c
	}
	rs256 := map[string]any{"alg": "RS256", "kid": "demo"}
	keep := func(map[string]any) {}
	other := w.newOP("op", nil)
	foreign, err := other.Sign(rs256, full(keep))
	if err != nil {
		t.Fatal(err)
	}
	good := sign(rs256, full(keep))
	for name, token := range map[string]string{
		"of another client": sign(rs256, full(func(c map[string]any) { c["aud"] = "other" })),
		"of two clients":    sign(rs256, full(func(c map[string]any) { c["aud"], c["azp"] = []string{"op", "other"}, "other" })),
		"of another issuer": sign(rs256, full(func(c map[string]any) { c["iss"] = "https://op.example.org" })),
		"expired":           sign(rs256, full(func(c map[string]any) { c["exp"] = now.Add(-time.Hour).Unix() })),
		"without an end":    sign(rs256, full(func(c map[string]any) { delete(c, "exp") })),
		"without a user":    sign(rs256, full(func(c map[string]any) { delete(c, "sub") })),
		"signed by another": foreign,
		"unsigned":          strings.Join(strings.Split(sign(map[string]any{"alg": "none"}, full(keep)), ".")[:2], ".") + ".",
		"by a shared key":   sign(map[string]any{"alg": "HS256", "kid": "demo"}, full(keep)),
		"changed":           good[:strings.LastIndexByte(good, '.')-2] + "AA" + good[strings.LastIndexByte(good, '.'):],
		"no key id":         sign(map[string]any{"alg": "none"}, full(keep)),
		"too long":          strings.Repeat("x", 40<<10),
	} {
		t.Run(name, func(t *testing.T) {
			c := w.Client(app)
			w.postToken(c, "login", "op", "op", token).Problems("token:invalid_token")
			loggedOut(t, c)
		})
	}
	w.postToken(w.Client(app), "login", "op", "op", good).LoggedIn("ann@example.org")
}

// One of two providers is the attacker's.
func TestMixUpOfTwoProviders(t *testing.T) {
	t.Parallel()
	var evil *demoprovider.Provider
	w := start(t, func(cfg *allauth.Config) {
		var err error
		evil, err = demoprovider.Start(demoprovider.Config{ClientID: "evil", ClientSecret: secret}, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		register(cfg, evil, "evil")
	})
	t.Cleanup(func() { _ = evil.Close(t.Context()) })
	for name, where := range map[string]func(c *clienttest.Client) string{
		"answer at the other's callback": func(c *clienttest.Client) string {
			callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
			return strings.Replace(callback, "/provider/op/", "/provider/evil/", 1)
		},
		"state of one, code of the other": func(c *clienttest.Client) string {
			honest := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
			other := w.pick(w.begin(c, "evil", "login", "/done"), userForm("Eve", "eve@example.org"))
			return changed(t, other, "code", parameter(t, honest, "code"))
		},
		"issuer of the other": func(c *clienttest.Client) string {
			callback := w.pick(w.begin(c, "op", "login", "/done"), userForm("Ann", "ann@example.org"))
			return changed(t, callback, "iss", evil.Issuer())
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.Client(browser)
			if got := w.comeBack(c, where(c)); got != failed("/done", "unknown", "login") {
				t.Errorf("lands at %s", got)
			}
			loggedOut(t, c)
		})
	}
	// The same id at two providers is two users.
	w.byToken(w.Client(app), "login", claims("ann", "ann@example.org")).LoggedIn("ann@example.org")
	token, err := evil.IDToken(claims("ann", "eve@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	w.postToken(w.Client(app), "login", "evil", "evil", token).LoggedIn("eve@example.org")
	token, err = evil.IDToken(claims("ann", ""))
	if err != nil {
		t.Fatal(err)
	}
	w.postToken(w.Client(app), "login", "op", "evil", token).Problems("token:invalid_token")
}

func TestOpenRedirects(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) {
		cfg.TrustedOrigins = []string{"https://good.com"}
		cfg.Headless.FrontendURLs.Signup = "https://app.example.org/signup"
	})
	c := w.Client(browser)
	base := strings.TrimPrefix(w.URL, "http://")
	for _, target := range []string{
		"//evil.com", `/\evil.com`, `\\evil.com`, `https:\\evil.com`, "https:evil.com", "https:///evil.com", "///evil.com", "http:/evil.com",
		"/%09/evil.com", "/\t/evil.com", "/%2f/evil.com", "/%5cevil.com", "https://good.com@evil.com", `https://good.com\@evil.com`,
		"https://evil.com#@good.com", "https://good.com.evil.com", "https://evilgood.com", "https://good.com:444", "http://good.com",
		"https://g\u2024ood.com", "https://good.com\u3002evil.com", "https://GOOD.com.", "https://user@good.com", "javascript:alert(1)",
		"data:text/html,x", " /done", "/done\r\nLocation: x", "/" + strings.Repeat("a", 5000), "", "ftp://good.com", "http://" + base + "@evil.com",
		"http://" + base + ".evil.com", "http://127.0.0.1:1", "relative", "https://good.com%2eevil.com", "https://[good.com]", "https://good.com:443@evil.com",
	} {
		if where := w.begin(c, "op", "login", target); where != w.errorPage() {
			t.Errorf("%q leads to %s", target, where)
		}
	}
	for _, target := range []string{"/", "/done", "/done?x=https://evil.com", w.URL + "/done", "https://good.com/x#y", "https://good.com:443/", "https://app.example.org/any"} {
		if where := w.begin(c, "op", "login", target); !strings.HasPrefix(where, w.op.Issuer()) {
			t.Errorf("%q is refused", target)
		}
	}
}

// Parameters of a callback are not passed on to the front end.
func TestErrorsAreNotReflected(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	callback := w.pick(w.begin(c, "op", "login", "/done"), url.Values{})
	callback = changed(t, changed(t, callback, "error", "<script>"), "error_description", "<b>call 555-1234</b>")
	if where := w.comeBack(c, callback); where != failed("/done", "unknown", "login") {
		t.Fatalf("lands at %s", where)
	}
}

func TestStartNeedsCSRFTokenAndPost(t *testing.T) {
	t.Parallel()
	w := start(t)
	c := w.Client(browser)
	c.Get("config")
	form := url.Values{"provider": {"op"}, "process": {"login"}, "callback_url": {"/done"}}
	if status, _ := w.do(c, http.MethodPost, c.URL("auth/provider/redirect"), form); status != 403 {
		t.Errorf("without a token: status %d", status)
	}
	form.Set("csrfmiddlewaretoken", w.Client(browser).Cookie("csrftoken")+"x")
	if status, _ := w.do(c, http.MethodPost, c.URL("auth/provider/redirect"), form); status != 403 {
		t.Errorf("with a wrong token: status %d", status)
	}
	if status, _ := w.do(c, http.MethodGet, c.URL("auth/provider/redirect")+"?"+form.Encode(), nil); status != 405 {
		t.Errorf("by GET: status %d", status)
	}
	if status, _ := w.do(c, http.MethodPost, w.URL+"/_allauth/provider/op/callback", form); status != 405 {
		t.Errorf("callback by POST: status %d", status)
	}
	if status, where := w.do(c, http.MethodGet, w.URL+"/_allauth/provider/unknown/callback", nil); status != 302 || where != w.errorPage() {
		t.Errorf("callback without a login: status %d, %s", status, where)
	}
}

// An attacker completes the login that the victim started to connect an account,
// or starts one in the victim's browser before the victim logs in.
func TestConnectBelongsToWhoStartedIt(t *testing.T) {
	t.Parallel()
	w := start(t)
	ann := w.SignUp(browser, "ann@example.org")
	w.SignUp(browser, "bob@example.org")
	before := w.Client(browser)
	callback := w.pick(w.begin(before, "op", "connect", "/done"), userForm("Eve", ""))
	before.Post("auth/login", body{"email": "bob@example.org", "password": clienttest.Password}).LoggedIn("bob@example.org")
	if where := w.comeBack(before, callback); where != failed("/done", "unknown", "connect") {
		t.Errorf("started by another user: lands at %s", where)
	}
	if got := uids(before); got != nil {
		t.Errorf("connected: %v", got)
	}
	callback = w.pick(w.begin(ann, "op", "connect", "/done"), userForm("Eve", ""))
	ann.Delete("auth/session", nil)
	ann.Post("auth/login", body{"email": "bob@example.org", "password": clienttest.Password}).LoggedIn("bob@example.org")
	if where := w.comeBack(ann, callback); where != w.errorPage() {
		t.Errorf("finished as another user: lands at %s", where)
	}
	if got := uids(ann); got != nil {
		t.Errorf("connected: %v", got)
	}
}

// The four cases of an address of an existing account, verified or not on either
// side, with and without EmailAuthentication.
func TestTakeoverByAddress(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		for _, here := range []bool{false, true} {
			for _, there := range []bool{false, true} {
				t.Run(fmt.Sprintf("on=%v here=%v there=%v", on, here, there), func(t *testing.T) {
					t.Parallel()
					stores(t, func(t *testing.T, store storage.Store) {
						w := startOn(t, store, withSocial(func(cfg *socialaccount.Config) { cfg.EmailAuthentication = on }))
						first := w.Client(app)
						first.Post("auth/signup", body{"email": "ann@example.org", "password": clienttest.Password}).Status(401)
						mail := w.Mail("ann@example.org")
						if here {
							first.Post("auth/email/verify", body{"key": mail.Key()})
						}
						identity := claims("x", "ann@example.org")
						identity["email_verified"] = there
						c := w.Client(app)
						answer := w.byToken(c, "login", identity)
						switch {
						case on && here && there:
							answer.LoggedIn("ann@example.org")
							if answer.Value("data", "user", "has_usable_password") != true {
								t.Fatal("a new account in place of the owner's")
							}
						case there && !here:
							// No user has verified it before: the new user owns it, in
							// an account of their own.
							answer.LoggedIn("ann@example.org")
							if answer.Value("data", "user", "has_usable_password") != false {
								t.Fatal("the account that another person prepared is inherited")
							}
							w.Client(app).Post("auth/login", body{"email": "ann@example.org", "password": clienttest.Password}).Status(400)
							w.Client(app).Post("auth/email/verify", body{"key": mail.Key()}).Status(400)
						default:
							answer.Status(401)
						}
					})
				})
			}
		}
	}
}

// Trust in the addresses of one provider is not trust in those of another.
func TestTrustIsPerProvider(t *testing.T) {
	t.Parallel()
	var second *demoprovider.Provider
	w := start(t, func(cfg *allauth.Config) {
		cfg.SocialAccount.EmailAuthentication = true
		var err error
		second, err = demoprovider.Start(demoprovider.Config{ClientID: "second", ClientSecret: secret}, "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		register(cfg, second, "second")
		cfg.SocialAccount.Providers[1].Trust.EmailAuthentication = new(false)
	})
	t.Cleanup(func() { _ = second.Close(t.Context()) })
	w.SignUp(app, "ann@example.org")
	token, err := second.IDToken(claims("x", "ann@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	w.postToken(w.Client(app), "login", "second", "second", token).Status(401)
	w.byToken(w.Client(app), "login", claims("x", "ann@example.org")).LoggedIn("ann@example.org")
}

// Only the value true means that the provider has verified an address.
func TestAlmostVerified(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) { cfg.EmailAuthentication = true }))
	w.SignUp(app, "ann@example.org")
	for i, value := range []any{"false", 1, nil, "yes", []any{true}, map[string]any{}} {
		identity := claims(fmt.Sprint("x", i), "ann@example.org")
		identity["email_verified"] = value
		w.byToken(w.Client(app), "login", identity).Status(401)
	}
}

func TestEmailAuthenticationConnects(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) {
		cfg.EmailAuthentication, cfg.EmailAuthenticationAutoConnect = true, true
	}))
	owner := w.SignUp(app, "ann@example.org")
	w.byToken(w.Client(app), "login", claims("x", "ann@example.org")).LoggedIn("ann@example.org")
	if got := uids(owner); len(got) != 1 {
		t.Fatalf("connected: %v", got)
	}
	if mail := w.Mail("ann@example.org"); mail.Kind != "socialaccount/account_connected" {
		t.Fatalf("mail %s", mail.Kind)
	}
	// The account at the provider is connected now, whatever its address.
	w.byToken(w.Client(app), "login", claims("x", "elsewhere@example.org")).LoggedIn("ann@example.org")
}

// The recovery by the owner of the address disconnects a provider account that an
// attacker connected.
func TestTrojanProviderIsEvicted(t *testing.T) {
	t.Parallel()
	w := start(t, func(cfg *allauth.Config) { cfg.Account.EmailVerification = authn.VerificationOptional })
	squatter := w.Client(app)
	squatter.Post("auth/signup", body{"email": "victim@example.org", "password": clienttest.Password}).LoggedIn("victim@example.org")
	w.Mail("victim@example.org")
	squatter.Post("auth/reauthenticate", body{"password": clienttest.Password}).Status(200)
	w.byToken(squatter, "connect", claims("eve", "")).Status(200)
	w.Mail("victim@example.org")
	victim := w.Client(app)
	victim.Post("auth/password/request", body{"email": "victim@example.org"}).Status(200)
	victim.Post("auth/password/reset", body{"key": w.Mail("victim@example.org").Key(), "password": "the-owners-pass-9"}).Status(401)
	answer := w.byToken(w.Client(app), "login", claims("eve", ""))
	answer.Status(401).Pending("provider_signup")
}

// A failed connection does not change the account of the other user.
func TestFailedConnectChangesNothing(t *testing.T) {
	t.Parallel()
	w := start(t)
	owner := w.Client(app)
	w.byToken(owner, "login", claims("ann", "ann@example.org")).Status(200)
	before := owner.Get("account/providers").Text
	other := w.SignUp(app, "eve@example.org")
	forged := claims("ann", "ann@example.org")
	forged["preferred_username"] = "pwned"
	w.byToken(other, "connect", forged).Problems("connected_other")
	if after := owner.Get("account/providers").Text; after != before {
		t.Fatalf("%s became %s", before, after)
	}
}

func TestDisabledUsersStayOut(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	w := startOn(t, store)
	c := w.Client(browser)
	w.through(c, "login", userForm("Ann", "ann@example.org"))
	_, rest, _ := strings.Cut(c.Get("auth/session").LoggedIn("ann@example.org").Text, `"id":`)
	id, _, _ := strings.Cut(rest, ",")
	if err := w.Auth.Users().Disable(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.byToken(w.Client(app), "login", claims("name:ann", "")).Status(401).Pending()
	if where := w.through(w.Client(browser), "login", userForm("Ann", "")); where != failed("/done", "unknown", "login") {
		t.Fatalf("lands at %s", where)
	}
	bob := w.SignUp(app, "bob@example.org")
	w.byToken(bob, "login", claims("name:ann", "")).Status(403)
	bob.Get("auth/session").LoggedIn("bob@example.org")
}
