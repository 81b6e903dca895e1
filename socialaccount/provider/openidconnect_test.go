package provider

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const testIssuer = "https://id.example.org"

func metadataOf(issuer string) string {
	return `{"issuer":"` + issuer + `","authorization_endpoint":"https://id.example.org/authorize","token_endpoint":"https://id.example.org/token",
		"userinfo_endpoint":"https://id.example.org/userinfo","jwks_uri":"https://id.example.org/keys"}`
}

// goodClaims are the claims of a valid ID token.
func goodClaims() map[string]any {
	return map[string]any{
		"iss": testIssuer, "aud": "client", "sub": "ann", "nonce": "n", "iat": testNow.Unix(), "exp": testNow.Add(time.Minute).Unix(),
		"email": "ann@example.org", "email_verified": true, "given_name": "Ann", "family_name": "Example", "preferred_username": "annie",
	}
}

// openIDWorld is an OpenID provider that issues this ID token.
func openIDWorld(t testing.TB, idToken string) *world {
	t.Helper()
	return &world{t: t, answers: map[string]string{
		"openid-configuration": metadataOf(testIssuer), "/keys": testJWKS(t),
		"/token":    `{"access_token":"at","token_type":"bearer","id_token":"` + idToken + `"}`,
		"/userinfo": `{"sub":"ann","email":"ann@example.org","email_verified":true,"given_name":"Ann","family_name":"Example","preferred_username":"annie"}`,
	}}
}

func openIDApp() App {
	return App{Provider: "openid_connect", ProviderID: "acme", Name: "Acme", ClientID: "client", ClientSecret: "secret", Settings: Settings{ServerURL: testIssuer}}
}

func newOpenID(t testing.TB, w http.RoundTripper, app App) Provider {
	t.Helper()
	p, err := New(app, Deps{Transport: w, Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOpenIDConnect(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, signedToken(t, goodClaims()))
	p := newOpenID(t, w, openIDApp())
	if info := p.Info(); info.ID != "acme" || info.Name != "Acme" || info.OpenIDConfigurationURL != testIssuer+wellKnown {
		t.Errorf("info %+v", info)
	}
	id, err := logIn(t, w, openIDApp(), nil)
	if err != nil || summary(id) != "ann <ann@example.org!> @annie Ann/Example" {
		t.Fatalf("%v, %v", id, err)
	}
	for range 3 {
		if _, err := p.AuthCodeURL(t.Context(), Authorization{State: "s", Nonce: "n", CodeVerifier: testVerifier}); err != nil {
			t.Fatal(err)
		}
	}
	asked := 0
	for _, r := range w.seen {
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			asked++
		}
	}
	if asked != 2 { // once for each of the two providers
		t.Errorf("the metadata was asked for %d times", asked)
	}
}

func with(claims map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(claims)
	if value == nil {
		delete(changed, name)
	} else {
		changed[name] = value
	}
	return changed
}

// badTokens are invalid ID tokens.
func badTokens(t testing.TB) map[string]string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	good := signedToken(t, goodClaims())
	parts := strings.Split(good, ".")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: other}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := jwt.Signed(signer).Claims(goodClaims()).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(testRSA().Public())
	if err != nil {
		t.Fatal(err)
	}
	input := encode([]byte(`{"alg":"HS256","kid":"k"}`)) + "." + parts[1]
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	mac.Write([]byte(input))
	bad := map[string]string{
		"empty":          "",
		"garbage":        "a.b.c",
		"another key":    foreign,
		"alg none":       encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"HS256":          input + "." + encode(mac.Sum(nil)),
		"no signature":   parts[0] + "." + parts[1] + ".",
		"another kid":    encode([]byte(`{"alg":"RS256","kid":"z"}`)) + "." + parts[1] + "." + parts[2],
		"changed claims": parts[0] + "." + encode([]byte(`{"iss":"`+testIssuer+`","aud":"client","sub":"eve"}`)) + "." + parts[2],
	}
	for name, claims := range map[string]map[string]any{
		"another issuer":      with(goodClaims(), "iss", "https://evil.example.org"),
		"issuer with a slash": with(goodClaims(), "iss", testIssuer+"/"),
		"no issuer":           with(goodClaims(), "iss", nil),
		"another audience":    with(goodClaims(), "aud", "other"),
		"no audience":         with(goodClaims(), "aud", nil),
		"two audiences":       with(goodClaims(), "aud", []string{"client", "other"}),
		"another azp":         with(goodClaims(), "azp", "other"),
		"expired":             with(goodClaims(), "exp", testNow.Add(-2*time.Minute).Unix()),
		"no expiry":           with(goodClaims(), "exp", nil),
		"of the future":       with(goodClaims(), "iat", testNow.Add(2*time.Minute).Unix()),
		"not yet":             with(goodClaims(), "nbf", testNow.Add(2*time.Minute).Unix()),
		"long ago":            with(goodClaims(), "iat", testNow.Add(-62*time.Minute).Unix()),
		"at no time":          with(goodClaims(), "iat", nil),
		"no subject":          with(goodClaims(), "sub", nil),
		"a list as subject":   with(goodClaims(), "sub", []string{"ann"}),
		"a long subject":      with(goodClaims(), "sub", strings.Repeat("a", 256)),
	} {
		bad[name] = signedToken(t, claims)
	}
	return bad
}

func TestInvalidTokensAreRefused(t *testing.T) {
	t.Parallel()
	tokens := badTokens(t)
	tokens["another nonce"] = signedToken(t, with(goodClaims(), "nonce", "other"))
	tokens["no nonce"] = signedToken(t, with(goodClaims(), "nonce", nil))
	tokens["another access token"] = signedToken(t, with(goodClaims(), "at_hash", "AAAAAAAAAAAAAAAAAAAAAA"))
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if id, err := logIn(t, openIDWorld(t, token), openIDApp(), nil); !errors.Is(err, ErrInvalid) {
				t.Errorf("redirect: %v, %v", id, err)
			}
		})
	}
	for name, token := range badTokens(t) {
		p := newOpenID(t, openIDWorld(t, ""), openIDApp())
		if id, err := p.VerifyToken(t.Context(), Tokens{IDToken: token, AccessToken: "at"}); err == nil {
			t.Errorf("shown by an app, %s: %v", name, id)
		}
	}
}

func TestClocksMayBeOffALittle(t *testing.T) {
	t.Parallel()
	for _, claims := range []map[string]any{
		with(goodClaims(), "exp", testNow.Add(-30*time.Second).Unix()), with(goodClaims(), "iat", testNow.Add(30*time.Second).Unix()),
		with(goodClaims(), "iat", testNow.Add(-59*time.Minute).Unix()),
		with(with(goodClaims(), "aud", []string{"client", "other"}), "azp", "client"),
	} {
		p := newOpenID(t, openIDWorld(t, ""), openIDApp())
		if _, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, claims)}); err != nil {
			t.Errorf("%v: %v", claims, err)
		}
	}
}

func TestUserInfoOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	for _, info := range []string{`{"sub":"eve","email":"eve@example.org"}`, `{"email":"eve@example.org"}`, `{"sub":null}`, `[]`, `{}`} {
		w := openIDWorld(t, signedToken(t, goodClaims()))
		w.answers["/userinfo"] = info
		if id, err := logIn(t, w, openIDApp(), nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v", info, id, err)
		}
	}
}

func TestOnlyYesIsVerified(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{`true`: true, `"true"`: true, `false`: false, `"false"`: false, `"yes"`: false, `1`: false, `null`: false, `{}`: false} {
		w := openIDWorld(t, signedToken(t, goodClaims()))
		w.answers["/userinfo"] = `{"sub":"ann","email":"ann@example.org","email_verified":` + value + `}`
		id, err := logIn(t, w, openIDApp(), nil)
		if err != nil || id.Emails[0].Verified != want {
			t.Errorf("email_verified %s: %v, %v", value, id, err)
		}
	}
}

func TestMetadataOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"another issuer": metadataOf("https://evil.example.org"),
		"no endpoints":   `{"issuer":"` + testIssuer + `"}`,
		"in the clear":   strings.ReplaceAll(metadataOf(testIssuer), "https://id.example.org/keys", "http://id.example.org/keys"),
		"not JSON":       `<html>`,
	} {
		w := openIDWorld(t, "")
		w.answers["openid-configuration"] = text
		p := newOpenID(t, w, openIDApp())
		if address, err := p.AuthCodeURL(t.Context(), Authorization{}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %s, %v", name, address, err)
		}
	}
}

func TestAnswersOfAnotherIssuerAreRefused(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, signedToken(t, goodClaims()))
	if _, err := logIn(t, w, openIDApp(), url.Values{"code": {"c"}, "iss": {"https://evil.example.org"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v", err)
	}
	w.answers["openid-configuration"] = strings.Replace(metadataOf(testIssuer), "{", `{"authorization_response_iss_parameter_supported":true,`, 1)
	if _, err := logIn(t, w, openIDApp(), url.Values{"code": {"c"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a provider that names itself did not: %v", err)
	}
	if _, err := logIn(t, w, openIDApp(), url.Values{"code": {"c"}, "iss": {testIssuer}}); err != nil {
		t.Errorf("a provider that names itself did: %v", err)
	}
}

func TestKeysAreRotatedAndNotAskedForInAFlood(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, "")
	keys := w.answers["/keys"]
	w.answers["/keys"] = `{"keys":[]}`
	var now atomic.Int64
	p, err := New(openIDApp(), Deps{Transport: w, Now: func() time.Time { return testNow.Add(time.Duration(now.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	good := Tokens{IDToken: signedToken(t, goodClaims())}
	for range 20 {
		if _, err := p.VerifyToken(t.Context(), good); err == nil {
			t.Fatal("a token without a key is accepted")
		}
	}
	asked := 0
	for _, r := range w.seen {
		if strings.HasSuffix(r.URL.Path, "/keys") {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the keys were asked for %d times in one moment", asked)
	}
	w.answers["/keys"] = keys
	now.Store(int64(61 * time.Second))
	if _, err := p.VerifyToken(t.Context(), good); err != nil {
		t.Errorf("after the new key was published: %v", err)
	}
}

// Where keys have no ids, a new key is found by its signatures, and forged tokens
// do not cause a flood of requests.
func TestKeysWithoutIDsAreRotated(t *testing.T) {
	t.Parallel()
	good := signedWithoutID(t, testRSA())
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	w := openIDWorld(t, "")
	fresh := strings.ReplaceAll(w.answers["/keys"], `"kid":"k",`, "")
	stale, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: old.Public(), Algorithm: "RS256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	w.answers["/keys"] = string(stale)
	p := newOpenID(t, w, openIDApp())
	forged := strings.Split(good, ".")[0] + ".e30." + strings.Split(good, ".")[2]
	asked := func() (n int) {
		for _, r := range w.seen {
			if r.URL.Path == "/keys" {
				n++
			}
		}
		return n
	}
	keys := p.(*openIDConnect).tokens.keys
	if _, err := keys.verify(t.Context(), signedWithoutID(t, old)); err != nil || asked() != 1 {
		t.Fatalf("the first key: %v, asked %d times", err, asked())
	}
	w.answers["/keys"] = fresh
	if _, err := keys.verify(t.Context(), good); err != nil || asked() != 2 {
		t.Errorf("the new key: %v, asked %d times", err, asked())
	}
	for range 20 {
		if _, err := keys.verify(t.Context(), forged); !errors.Is(err, ErrInvalid) {
			t.Fatalf("a forged token: %v", err)
		}
	}
	if _, err := keys.verify(t.Context(), good); err != nil || asked() != 3 {
		t.Errorf("the known key meanwhile: %v, asked %d times", err, asked())
	}
}

// signedWithoutID returns a valid token without a kid.
func signedWithoutID(t testing.TB, key *rsa.PrivateKey) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(goodClaims()).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAProviderThatIsDown(t *testing.T) {
	t.Parallel()
	p := newOpenID(t, down{}, openIDApp())
	if _, err := p.AuthCodeURL(t.Context(), Authorization{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("redirect: %v", err)
	}
	if _, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, goodClaims())}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("token: %v", err)
	}
}

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("connection refused")
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]Settings{
		"Settings.ServerURL is empty":                     {},
		`Settings.ServerURL "id" is not a URL; use one`:   {ServerURL: "id"},
		"is not encrypted; use https":                     {ServerURL: "http://id.example.org"},
		`Settings.TokenAuthMethod is "jwt"; use`:          {ServerURL: testIssuer, TokenAuthMethod: "jwt"},
		"Settings.Scopes holds":                           {ServerURL: testIssuer, Scopes: []string{"openid email"}},
		`Settings.AuthParams holds "state"`:               {ServerURL: testIssuer, AuthParams: map[string]string{"a": "1", "state": "x"}},
		"Settings.Tenant does nothing for openid_connect": {ServerURL: testIssuer, Tenant: "acme"},
	} {
		app := openIDApp()
		app.Settings = settings
		if _, err := New(app, Deps{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %q", err, want)
		}
	}
	if _, err := New(App{Provider: "nonsense", ClientID: "c"}, Deps{}); !errors.Is(err, ErrUnknownClass) {
		t.Errorf("error %v", err)
	}
}

// FuzzIDToken verifies any text as an ID token.
func FuzzIDToken(f *testing.F) {
	good := signedToken(f, goodClaims())
	f.Add(good)
	for _, token := range badTokens(f) {
		f.Add(token)
	}
	p := newOpenID(f, openIDWorld(f, ""), openIDApp())
	f.Fuzz(func(t *testing.T, token string) {
		if id, err := p.VerifyToken(t.Context(), Tokens{IDToken: token}); err == nil && token != good {
			t.Errorf("%q is %v", token, id)
		}
	})
}

// FuzzClaims signs any claims: none may cause a panic, or an identity without an
// id.
func FuzzClaims(f *testing.F) {
	text, err := json.Marshal(goodClaims())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add(`{"sub":null}`)
	p := newOpenID(f, openIDWorld(f, ""), openIDApp())
	f.Fuzz(func(t *testing.T, text string) {
		var claims map[string]any
		if json.Unmarshal([]byte(text), &claims) != nil {
			return
		}
		id, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, claims)})
		if err == nil && id.UID == "" {
			t.Errorf("%q is a user without an id", text)
		}
	})
}
