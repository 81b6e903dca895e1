package socialaccount_test

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage/memstore"
)

// module is a client module of the OpenID Foundation's conformance suite.
type module struct {
	name string
	// arrange prepares the provider, spoil makes its response invalid. They may be nil.
	arrange, spoil func(p *suiteProvider)
	// last is the endpoint that is requested last before the login is refused. Empty: the
	// token endpoint.
	last string
	// check is called after a login.
	check func(t *testing.T, r *relyingParty)
}

// basicModules are those of the Basic profile, for each response mode, and the optional
// ones that apply to the code flow.
var basicModules = []module{
	{name: "oidcc-client-test"},
	{name: "oidcc-client-test-invalid-iss", spoil: claim("iss", func(value string) any { return value + "1" })},
	{name: "oidcc-client-test-missing-sub", spoil: claim("sub", nil)},
	{name: "oidcc-client-test-invalid-aud", spoil: claim("aud", func(value string) any { return value + "1" })},
	{name: "oidcc-client-test-missing-aud", spoil: claim("aud", nil)},
	{name: "oidcc-client-test-missing-iat", spoil: claim("iat", nil)},
	{name: "oidcc-client-test-nonce-invalid", spoil: claim("nonce", func(value string) any { return value + "1" })},
	{name: "oidcc-client-test-kid-absent-single-jwks", arrange: func(p *suiteProvider) {
		p.published = withoutIDs(suiteKeySet(1))
		p.sign = signWith(p.t, jose.RS256, suiteKeys().rsa[0], "")
	}},
	// A client may refuse this token, or try all keys, as ours does: OpenID Connect Core,
	// section 10.1, asks providers for a kid, and a signature decides in any case.
	{name: "oidcc-client-test-kid-absent-multiple-jwks", arrange: func(p *suiteProvider) {
		p.published = withoutIDs(suiteKeySet(3))
		p.sign = signWith(p.t, jose.RS256, suiteKeys().rsa[1], "")
	}},
	{name: "oidcc-client-test-idtoken-sig-rs256", arrange: onlyAlgorithm("RS256")},
	// A client may accept this token if it registered for it, which ours never does.
	{name: "oidcc-client-test-idtoken-sig-none", spoil: func(p *suiteProvider) {
		onlyAlgorithm("none")(p)
		p.sign = unsigned
	}},
	{name: "oidcc-client-test-invalid-sig-rs256", arrange: onlyAlgorithm("RS256"), spoil: func(p *suiteProvider) { p.sign = spoiled(p.sign) }},
	{name: "oidcc-client-test-invalid-sig-es256", arrange: func(p *suiteProvider) {
		onlyAlgorithm("ES256")(p)
		p.sign = signWith(p.t, jose.ES256, suiteKeys().ec[0], "ec-0")
	}, spoil: func(p *suiteProvider) { p.sign = spoiled(p.sign) }},
	{name: "oidcc-client-test-invalid-sig-hs256", spoil: func(p *suiteProvider) {
		onlyAlgorithm("HS256")(p)
		p.sign = spoiled(signWith(p.t, jose.HS256, []byte(strings.Repeat(secret, 4)), ""))
	}},
	{name: "oidcc-client-test-userinfo-invalid-sub", last: "/userinfo", spoil: func(p *suiteProvider) {
		p.editUserInfo = func(info map[string]any) { info["sub"] = "suite-user1" }
	}},
	{name: "oidcc-client-test-userinfo-bearer-header", check: func(t *testing.T, r *relyingParty) {
		if r.op.count("/userinfo") != 1 { // the provider refuses a token outside of the header
			t.Error("no user info was requested")
		}
	}},
	{name: "oidcc-client-test-userinfo-signed", arrange: func(p *suiteProvider) { p.signedUserInfo = true }},
	// The address comes from the user info.
	{name: "oidcc-client-test-scope-userinfo-claims", check: func(t *testing.T, r *relyingParty) {
		scopes := strings.Fields(r.authorization.Get("scope"))
		for _, scope := range []string{"profile", "email"} {
			if !slices.Contains(scopes, scope) {
				t.Errorf("the scopes %v lack %s", scopes, scope)
			}
		}
	}},
	{name: "oidcc-client-test-client-secret-basic", check: func(t *testing.T, r *relyingParty) {
		if r.op.count("/token") != 1 { // the provider refuses another way
			t.Error("no token was requested")
		}
	}},
}

// formPostModules are those of the Form Post profile.
var formPostModules = append(slices.Clip(basicModules), module{
	name: "oidcc-client-test-form-post-error", last: "/authorize",
	spoil: func(p *suiteProvider) { p.authorizationError = "login_required" },
})

// configModules are those of the Config profile.
var configModules = []module{
	{name: "oidcc-client-test-discovery-openid-config", check: func(t *testing.T, r *relyingParty) {
		if r.op.count(metadataPath) != 1 {
			t.Errorf("the metadata was requested %d times", r.op.count(metadataPath))
		}
	}},
	{name: "oidcc-client-test-discovery-jwks-uri-keys", arrange: func(p *suiteProvider) { p.jwksPath = "/jwksQwErTyUiOp" }, check: func(t *testing.T, r *relyingParty) {
		if r.op.count("/jwksQwErTyUiOp") != 1 {
			t.Errorf("the keys were requested %d times", r.op.count("/jwksQwErTyUiOp"))
		}
	}},
	{name: "oidcc-client-test-discovery-issuer-mismatch", last: metadataPath, spoil: func(p *suiteProvider) {
		p.editMetadata = func(m map[string]any) { m["issuer"] = p.URL + "1" }
	}},
	{name: "oidcc-client-test-idtoken-sig-none", spoil: func(p *suiteProvider) { p.sign = unsigned }},
	{name: "oidcc-client-test-signing-key-rotation-just-before-signing", arrange: func(p *suiteProvider) {
		sign := p.sign
		p.sign = func(claims map[string]any) string {
			// The first login has fetched the keys, the second one needs another key.
			if p.requested("/token") > 1 {
				p.rotate(1)
				return p.sign(claims)
			}
			return sign(claims)
		}
	}, check: secondLogin},
	{name: "oidcc-client-test-signing-key-rotation", check: func(t *testing.T, r *relyingParty) {
		r.op.mu.Lock()
		r.op.rotate(1)
		r.op.mu.Unlock()
		secondLogin(t, r)
	}},
}

// secondLogin logs in with a new browser, for which the keys must be fetched again.
func secondLogin(t *testing.T, r *relyingParty) {
	t.Helper()
	r.browser = r.Client(browser)
	if where := r.logIn(t); where != "/done" {
		t.Errorf("the second login lands at %s", where)
	}
	r.browser.Get("auth/session").LoggedIn("ann@example.org")
	if n := r.op.count(r.op.jwksPath); n != 2 {
		t.Errorf("the keys were requested %d times", n)
	}
}

// endpoints are those of the provider, in the order in which a login requests them.
var endpoints = []string{metadataPath, "/authorize", "/token", "/userinfo"}

// claim changes a claim of the ID tokens, or removes it.
func claim(name string, change func(value string) any) func(p *suiteProvider) {
	return func(p *suiteProvider) {
		p.editClaims = func(claims map[string]any) {
			value, _ := claims[name].(string)
			delete(claims, name)
			if change != nil {
				claims[name] = change(value)
			}
		}
	}
}

// onlyAlgorithm makes the metadata name one algorithm of ID tokens.
func onlyAlgorithm(name string) func(p *suiteProvider) {
	return func(p *suiteProvider) {
		p.editMetadata = func(m map[string]any) { m["id_token_signing_alg_values_supported"] = []string{name} }
	}
}

// relyingParty is a server that trusts the provider, and a browser.
type relyingParty struct {
	*world
	op      *suiteProvider
	browser *clienttest.Client
	// authorization are the parameters of the last authorization request.
	authorization url.Values
}

func startRelyingParty(t *testing.T, op *suiteProvider, formPost bool, edit ...func(cfg *allauth.Config)) *relyingParty {
	t.Helper()
	r := &relyingParty{world: &world{t: t}, op: op}
	edits := append([]func(*allauth.Config){func(cfg *allauth.Config) {
		cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{
			Provider: "openid_connect", ProviderID: "suite", ClientID: "client", ClientSecret: secret,
			Settings: provider.Settings{ServerURL: op.URL, FormPost: formPost},
		}}}
	}}, edit...)
	r.Server = clienttest.StartOn(t, memstore.New(), edits...)
	r.browser = r.Client(browser)
	return r
}

// logIn does all steps of a login, and returns the final redirect.
func (r *relyingParty) logIn(t *testing.T) string {
	t.Helper()
	address := r.begin(r.browser, "suite", "login", "/done")
	if !strings.HasPrefix(address, r.op.URL+"/authorize?") {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r.authorization = u.Query()
	response, err := r.Client(browser).HTTP.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusFound {
		return r.comeBack(r.browser, response.Header.Get("Location"))
	}
	return r.submit(t, string(page))
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)">`)
	formField  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// submit posts the form of a page of another site, with which the browser sends none of
// its cookies, as they are SameSite=Lax, and follows the redirect with its cookies.
func (r *relyingParty) submit(t *testing.T, page string) string {
	t.Helper()
	action := formAction.FindStringSubmatch(page)
	if action == nil {
		t.Fatalf("the provider shows no form: %s", page)
	}
	form := url.Values{}
	for _, field := range formField.FindAllStringSubmatch(page, -1) {
		form.Set(field[1], field[2])
	}
	withoutCookies := r.Client(browser)
	status, next := r.do(withoutCookies, http.MethodPost, action[1], form)
	if status != http.StatusSeeOther {
		t.Fatalf("the form is answered with %d", status)
	}
	if code := form.Get("code"); code != "" && strings.Contains(next, code) {
		t.Errorf("the code is in the URL %s", next)
	}
	return r.comeBack(r.browser, r.URL+next)
}

// TestRelyingParty runs the client modules of the OpenID Foundation's conformance suite
// that apply to a client of the code flow with metadata. A login that a module wants to
// be refused is made with a valid response first, which shows what refused it.
func TestRelyingParty(t *testing.T) {
	t.Parallel()
	for _, plan := range []struct {
		name     string
		formPost bool
		modules  []module
	}{{"basic", false, basicModules}, {"form_post", true, formPostModules}, {"config", false, configModules}} {
		for _, m := range plan.modules {
			t.Run(plan.name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				op := startSuiteProvider(t)
				if m.arrange != nil {
					m.arrange(op)
				}
				r := startRelyingParty(t, op, plan.formPost)
				if where := r.logIn(t); where != "/done" {
					t.Fatalf("lands at %s", where)
				}
				r.browser.Get("auth/session").LoggedIn("ann@example.org")
				if m.check != nil {
					m.check(t, r)
				}
				if m.spoil != nil {
					m.refused(t, plan.formPost)
				}
			})
		}
	}
}

// refused starts over with a response that is not valid.
func (m module) refused(t *testing.T, formPost bool) {
	t.Helper()
	op := startSuiteProvider(t)
	if m.arrange != nil {
		m.arrange(op)
	}
	m.spoil(op)
	r := startRelyingParty(t, op, formPost)
	if where := r.logIn(t); where != failed("/done", "unknown", "login") {
		t.Errorf("an invalid response lands at %s", where)
	}
	loggedOut(t, r.browser)
	last := cmp.Or(m.last, "/token")
	for i, path := range endpoints {
		if asked, want := op.count(path) > 0, i <= slices.Index(endpoints, last); asked != want {
			t.Errorf("%s was requested: %t, want %t", path, asked, want)
		}
	}
}

// The metadata of some providers is at another address than their issuer. The one that
// the host has set is the only one that counts.
func TestIssuerIsNotTheAddressOfTheMetadata(t *testing.T) {
	t.Parallel()
	const issuer = "https://issuer.example.org/v2.0/"
	named := func(name string) func(members map[string]any) {
		return func(members map[string]any) {
			if members["issuer"] != nil {
				members["issuer"] = name
			} else {
				members["iss"] = name
			}
		}
	}
	for _, test := range []struct{ name, metadata, token, want string }{
		{"the issuer", issuer, issuer, "/done"},
		{"the address in the metadata", "", issuer, failed("/done", "unknown", "login")},
		{"the address in the token", issuer, "", failed("/done", "unknown", "login")},
		{"another slash", issuer, strings.TrimSuffix(issuer, "/"), failed("/done", "unknown", "login")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			op := startSuiteProvider(t)
			op.editMetadata, op.editClaims = named(cmp.Or(test.metadata, op.URL)), named(cmp.Or(test.token, op.URL))
			r := startRelyingParty(t, op, false, func(cfg *allauth.Config) { cfg.SocialAccount.Providers[0].Settings.Issuer = issuer })
			if where := r.logIn(t); where != test.want {
				t.Errorf("lands at %s", where)
			}
		})
	}
}
