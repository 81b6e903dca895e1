package provider

import (
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// The user info of some providers has only the sub.
func TestClaimsComplementUserInfo(t *testing.T) {
	t.Parallel()
	for info, want := range map[string]string{
		`{"sub":"ann"}`:                                         "ann <ann@example.org!> @annie Ann/Example",
		`{"sub":"ann","name":"Anna Other Name"}`:                "ann <ann@example.org!> @annie Anna/Other Name",
		`{"sub":"ann","email":"new@example.org"}`:               "ann <new@example.org?> @annie Ann/Example", // the claim is about another address
		`{"sub":"ann","email":7,"preferred_username":["x"]}`:    "ann <7?> @annie Ann/Example",
		`{"sub":"ann","email_verified":false,"given_name":"A"}`: "ann <ann@example.org!> @annie A/",
	} {
		w := openIDWorld(t, signedToken(t, goodClaims()))
		w.answers["/userinfo"] = info
		if id, err := logIn(t, w, openIDApp(), nil); err != nil || summary(id) != want {
			t.Errorf("%s: %v, %v", info, id, err)
		}
	}
}

func TestUserInfoIsLeftOut(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, signedToken(t, goodClaims()))
	delete(w.answers, "/userinfo")
	app := openIDApp()
	app.Settings.SkipUserInfo = true
	if id, err := logIn(t, w, app, nil); err != nil || id.UID != "ann" || id.ExtraData["userinfo"] != nil {
		t.Errorf("%v, %v", id, err)
	}
	app.Settings.UIDField = "preferred_username"
	if id, err := logIn(t, w, app, nil); err != nil || id.UID != "annie" {
		t.Errorf("another uid_field: %v, %v", id, err)
	}
	app.Settings.UIDField = "employee"
	if id, err := logIn(t, w, app, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("a uid_field that is not there: %v, %v", id, err)
	}
}

// LinkedIn's ID tokens have no nonce, and LinkedIn refuses a code_verifier.
func TestLinkedIn(t *testing.T) {
	t.Parallel()
	const issuer = "https://www.linkedin.com/oauth"
	w := openIDWorld(t, signedToken(t, with(with(goodClaims(), "iss", issuer), "nonce", nil)))
	w.answers["openid-configuration"] = metadataOf(issuer)
	app := openIDApp()
	app.Settings.ServerURL = issuer
	id, err := logIn(t, w, app, nil)
	if err != nil || id.UID != "ann" {
		t.Fatalf("%v, %v", id, err)
	}
	if query := w.authorization.Query(); query.Has("nonce") || query.Has("code_challenge") {
		t.Errorf("the browser is sent to %s", w.authorization)
	}
	app.Settings.Nonce = new(true)
	if _, err := logIn(t, w, app, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("a nonce that is not answered: %v", err)
	}
}

func TestAskingAgain(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"openid_connect": "max_age=0&nonce=n&prompt=login", "google": "prompt=select_account", "facebook": "auth_type=reauthenticate"} {
		w := openIDWorld(t, "")
		app := appOf(id)
		if id == "google" {
			w, app = googleWorld(t), googleApp()
		}
		app.Settings.AuthParams = map[string]string{"prompt": "none"}
		address, err := newOpenID(t, w, app).AuthCodeURL(t.Context(), Authorization{State: "s", Nonce: "n", CodeVerifier: testVerifier, Reauthenticate: true})
		if err != nil || !strings.Contains(address, want) {
			t.Errorf("%s: %s, %v", id, address, err)
		}
	}
}

// Only algorithms that are both the provider's and ours are accepted.
func TestAlgorithmsOfTheProvider(t *testing.T) {
	t.Parallel()
	for algorithms, want := range map[string]bool{`[]`: true, `["RS256"]`: true, `["RS256","none","HS256"]`: true, `["ES256"]`: false, `["HS256","none"]`: true} {
		w := openIDWorld(t, "")
		w.answers["openid-configuration"] = strings.Replace(metadataOf(testIssuer), "{", `{"id_token_signing_alg_values_supported":`+algorithms+`,`, 1)
		p := newOpenID(t, w, openIDApp())
		if _, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, goodClaims())}); (err == nil) != want {
			t.Errorf("%s: %v", algorithms, err)
		}
	}
}

// An external provider cannot direct requests to our own machine or network.
func TestMetadataDoesNotLeadHere(t *testing.T) {
	t.Parallel()
	for _, here := range []string{"http://127.0.0.1:8080", "https://localhost", "http://[::1]", "http://169.254.169.254",
		"https://169.254.169.254", "https://10.0.0.1:8443", "https://192.168.1.1", "https://0.0.0.0", "https://[::]", "https://[fd00::1]", "https://[fe80::1%25eth0]",
		"https://[::ffff:127.0.0.1]", "https://[::ffff:10.0.0.1]", "https://224.0.0.1", "https://LOCALHOST.", "https://x.localhost"} {
		for _, path := range []string{"/authorize", "/token", "/userinfo", "/keys"} {
			w := openIDWorld(t, "")
			w.answers["openid-configuration"] = strings.ReplaceAll(metadataOf(testIssuer), "https://id.example.org"+path, here+path)
			if _, err := newOpenID(t, w, openIDApp()).AuthCodeURL(t.Context(), Authorization{}); !errors.Is(err, ErrUnavailable) || !errors.Is(err, ErrInvalid) {
				t.Errorf("%s%s: %v", here, path, err)
			}
		}
	}
}

// A provider in our network can.
func TestMetadataLeadsAroundHere(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, "")
	w.answers["openid-configuration"] = strings.ReplaceAll(strings.ReplaceAll(metadataOf(testIssuer), `"`+testIssuer+`"`, `"https://10.0.0.1"`), testIssuer, "https://10.0.0.2")
	app := openIDApp()
	app.Settings.ServerURL = "https://10.0.0.1"
	if address, err := newOpenID(t, w, app).AuthCodeURL(t.Context(), Authorization{}); err != nil || !strings.HasPrefix(address, "https://10.0.0.2/authorize") {
		t.Errorf("%s, %v", address, err)
	}
}

// Metadata of a provider that does not answer is used for a day, and requests to
// it are rare meanwhile.
func TestStaleMetadata(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, "")
	var now atomic.Int64
	p, err := New(openIDApp(), Deps{Transport: w, Now: func() time.Time { return testNow.Add(time.Duration(now.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	start := func() error {
		_, err := p.AuthCodeURL(t.Context(), Authorization{})
		return err
	}
	good := w.answers["openid-configuration"]
	for _, step := range []struct {
		after     time.Duration
		up        bool
		asked     int
		available bool
	}{
		{0, true, 1, true}, {59 * time.Minute, true, 1, true}, {time.Hour, false, 2, true}, {time.Hour + 30*time.Second, false, 2, true},
		{time.Hour + 2*time.Minute, false, 3, true}, {25 * time.Hour, false, 4, false}, {25 * time.Hour, false, 5, false}, {25 * time.Hour, true, 6, true},
	} {
		now.Store(int64(step.after))
		delete(w.answers, "openid-configuration")
		if step.up {
			w.answers["openid-configuration"] = good
		}
		if err := start(); (err == nil) != step.available || len(w.seen) != step.asked {
			t.Errorf("after %v: asked %d times, %v", step.after, len(w.seen), err)
		}
	}
}

// A token is not invalid because the keys cannot be fetched.
func TestKeysAreDown(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, "")
	delete(w.answers, "/keys")
	if _, err := newOpenID(t, w, openIDApp()).VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, goodClaims())}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

// Keys of an unknown type are ignored.
func TestKeysOfUnknownTypesAreIgnored(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, "")
	w.answers["/keys"] = strings.Replace(w.answers["/keys"], `"keys":[`, `"keys":[{"kty":"OKP","crv":"X448","x":"AA","kid":"k"},{"kty":"oct","k":"AA","kid":"k"},7,null,{"kty":"RSA","kid":"k","n":"!"},`, 1)
	if _, err := newOpenID(t, w, openIDApp()).VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, goodClaims())}); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestKakaoAddressThatBelongsToAnotherUser(t *testing.T) {
	t.Parallel()
	id, err := logIn(t, worldOf(t, "kakao", `{"id":1,"kakao_account":{"email":"ann@example.org","is_email_valid":false,"is_email_verified":true}}`), appOf("kakao"), nil)
	if err != nil || summary(id) != "1 <ann@example.org?> @ /" {
		t.Errorf("%v, %v", id, err)
	}
}

// The token is sent only to a profile URL within the provider's domain.
func TestTokensAreShownToTheirProviderAlone(t *testing.T) {
	t.Parallel()
	for id, answers := range map[string][]string{
		"dwolla":    {`{"access_token":"at","_links":{"account":{"href":"https://evil.example.org/accounts/1"}}}`, `{"access_token":"at","_links":{"account":{"href":"https://evildwolla.com/1"}}}`},
		"questrade": {`{"access_token":"at","api_server":"https://evil.example.org/"}`, `{"access_token":"at","api_server":"https://questrade.com.evil.example.org/"}`},
		"nextcloud": {`{"access_token":"at"}`},
	} {
		for _, answer := range answers {
			w := worldOf(t, id, `{"id":1,"userId":1}`)
			for address := range w.answers {
				if strings.Contains(address, "token") {
					w.answers[address] = answer
				}
			}
			if identity, err := logIn(t, w, appOf(id), nil); !errors.Is(err, ErrInvalid) || len(w.seen) != 1 {
				t.Errorf("%s: %v, %v", answer, identity, err)
			}
		}
	}
}

func TestNamesInAddressesAreEscaped(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "edx", `{"username":"../../x?{SERVER}#"}`)
	if _, err := logIn(t, w, appOf("edx"), nil); err != nil {
		t.Fatal(err)
	}
	if got := w.seen[len(w.seen)-1].URL.EscapedPath(); got != "/api/user/v1/accounts/..%2F..%2Fx%3F%7BSERVER%7D%23" {
		t.Errorf("asked for %s", got)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]error{"github": nil, "notion": ErrTokenUnsupported, "dingtalk": ErrTokenUnsupported} {
		p, err := New(appOf(id), Deps{Transport: worldOf(t, id, `{}`), Now: func() time.Time { return testNow }})
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := p.Refresh(t.Context(), &oauth2.Token{RefreshToken: "old"})
		if !errors.Is(err, want) || want == nil && (fresh.AccessToken != "at" || fresh.RefreshToken != "rt" || !fresh.Expiry.Equal(testNow.Add(time.Hour))) {
			t.Errorf("%s: %v, %v", id, fresh, err)
		}
	}
	p, err := New(appOf("github"), Deps{Transport: down{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []*oauth2.Token{nil, {}} {
		if _, err := p.Refresh(t.Context(), token); !errors.Is(err, ErrInvalid) {
			t.Errorf("no refresh token: %v", err)
		}
	}
	if _, err := p.Refresh(t.Context(), &oauth2.Token{RefreshToken: "old"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a provider that is down: %v", err)
	}
}

// Migrated sites keep the ids that their accounts are stored under.
func TestAnotherUIDField(t *testing.T) {
	t.Parallel()
	app := appOf("bitbucket_oauth2")
	app.Settings.UIDField = "username"
	if id, err := logIn(t, worldOf(t, "bitbucket_oauth2", `{"username":"annie","uuid":"{7f5c}"}`), app, nil); err != nil || id.UID != "annie" {
		t.Errorf("%v, %v", id, err)
	}
}

// Parameters of the host replace those of the catalogue.
func TestParametersOfTheHost(t *testing.T) {
	t.Parallel()
	app := appOf("reddit")
	app.Settings.AuthParams = map[string]string{"duration": "permanent"}
	w := worldOf(t, "reddit", `{"id":"5bhn2","name":"annie"}`)
	if _, err := logIn(t, w, app, nil); err != nil || w.authorization.Query().Get("duration") != "permanent" {
		t.Errorf("the browser is sent to %s, %v", w.authorization, err)
	}
}

func TestGitHubServers(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]Settings{
		"https://api.github.com/user":             {ServerURL: "https://github.com/"},
		"https://git.example.org/api/v3/user":     {ServerURL: "https://git.example.org"},
		"https://api.git.example.org/user":        {ServerURL: "https://git.example.org/", APIURL: "https://api.git.example.org"},
		"https://git.example.org/sub/api/v3/user": {ServerURL: "https://git.example.org/sub/"},
	} {
		w := &world{t: t, answers: map[string]string{"access_token": ordinaryToken, "/user": `{"id":1}`, "/user/emails": `[]`}}
		if _, err := logIn(t, w, App{Provider: "github", ClientID: "client", Settings: settings}, nil); err != nil || w.seen[1].URL.String() != want || w.seen[2].URL.String() != want+"/emails" {
			t.Errorf("%v: %v", settings, err)
		}
	}
}

func TestSettingsOfHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{"https://ann.okta.com": "https://ann.okta.com", "https://ann.okta.com/": "https://ann.okta.com"} {
		p, err := New(App{Provider: "okta", ClientID: "c", Settings: Settings{ServerURL: host}}, Deps{})
		if err != nil || p.(*openIDConnect).discovery.issuer != want {
			t.Errorf("%s: %v", host, err)
		}
	}
	for shop, want := range map[string]string{"ann": "ann.myshopify.com", "ann.myshopify.com": "ann.myshopify.com"} {
		p, err := New(App{Provider: "shopify", ClientID: "c", Settings: Settings{Tenant: shop}}, Deps{})
		if err != nil {
			t.Fatal(err)
		}
		address, err := p.AuthCodeURL(t.Context(), Authorization{})
		if u, _ := url.Parse(address); err != nil || u.Host != want {
			t.Errorf("%s: %s, %v", shop, address, err)
		}
	}
	for want, app := range map[string]App{
		"Settings.ServerURL is empty; Auth0 needs it":         {Provider: "auth0", ClientID: "c"},
		`Settings.ServerURL "ann.okta.com" is not a URL; use`: {Provider: "okta", ClientID: "c", Settings: Settings{ServerURL: "ann.okta.com"}},
		"without https://": {Provider: "orcid", ClientID: "c", Settings: Settings{Domain: "https://sandbox.orcid.org"}},
		"Settings.Tenant":  {Provider: "shopify", ClientID: "c", Settings: Settings{Tenant: "ann.evil.example.org/"}},
		"ClientID":         {Provider: "github", ClientID: " , "},
		`"http://git.example.org" is not encrypted; use https`: {Provider: "gitlab", ClientID: "c", Settings: Settings{ServerURL: "http://git.example.org"}},
		"Settings.APIURL":                                       {Provider: "github", ClientID: "c", Settings: Settings{APIURL: "http://git.example.org"}},
		"a second to an hour":                                   {Provider: "telegram", ClientID: "1", ClientSecret: "t", Settings: Settings{AuthDateValidity: 60}},
		"Settings.Scopes does nothing for telegram":             {Provider: "telegram", ClientID: "1", ClientSecret: "t", Settings: Settings{Scopes: []string{"a"}}},
		"Settings.ServerURL does nothing for google; leave it":  {Provider: "google", ClientID: "c", Settings: Settings{ServerURL: testIssuer}},
		"or use one of Scopes, AuthParams, PKCE, UIDField, Ser": {Provider: "gitlab", ClientID: "c", Settings: Settings{Nonce: new(false)}},
		"Settings.UIDField does nothing for slack":              {Provider: "slack", ClientID: "c", Settings: Settings{UIDField: "id"}},
		"Key does nothing for github; leave it out":             {Provider: "github", ClientID: "c", Key: "k"},
		"Key is empty; set it to the public key of the app":     {Provider: "odnoklassniki", ClientID: "c"},
	} {
		if p, err := New(app, Deps{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v does not mention %q", p, err, want)
		}
	}
	p, err := New(App{Provider: "salesforce", ClientID: "c", Settings: Settings{ServerURL: "https://ann.my.salesforce.com"}}, Deps{})
	if err != nil || p.(*openIDConnect).discovery.issuer != "https://ann.my.salesforce.com" {
		t.Errorf("salesforce: %v", err)
	}
}

// Changes of the settings after New have no effect.
func TestSettingsAreCopied(t *testing.T) {
	t.Parallel()
	app := appOf("github")
	app.Settings = Settings{Scopes: []string{"read:user"}, AuthParams: map[string]string{"login": "ann"}, PKCE: new(true)}
	p, err := New(app, Deps{})
	if err != nil {
		t.Fatal(err)
	}
	app.Settings.Scopes[0], app.Settings.AuthParams["login"], *app.Settings.PKCE = "repo", "bob", false
	address, err := p.AuthCodeURL(t.Context(), Authorization{State: testState, CodeVerifier: testVerifier})
	if err != nil || !strings.Contains(address, "login=ann") || !strings.Contains(address, "read%3Auser") || !strings.Contains(address, "code_challenge=") {
		t.Errorf("the browser is sent to %s, %v", address, err)
	}
}
