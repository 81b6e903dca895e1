package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

var testRSA = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func appleTestKey(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// testJWKS returns a key set with testRSA under the id "k".
func testJWKS(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: testRSA().Public(), KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// signedToken signs claims with testRSA.
func signedToken(t testing.TB, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: testRSA()}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var testNow = time.Unix(1_800_000_000, 0)

func TestApple(t *testing.T) {
	t.Parallel()
	claims := map[string]any{
		"iss": appleIssuer, "aud": "org.example.app", "sub": "001122.apple", "exp": testNow.Add(time.Minute).Unix(), "iat": testNow.Unix(),
		"nonce": "n", "email": "ann@example.org", "email_verified": "true",
	}
	w := &world{t: t, answers: map[string]string{
		"/auth/keys": testJWKS(t), "/auth/token": `{"access_token":"at","token_type":"bearer","id_token":"` + signedToken(t, claims) + `"}`,
	}}
	app := App{Provider: "apple", ClientID: "org.example.web, org.example.app", ClientSecret: "KEYID", Key: "TEAM", Settings: Settings{CertificateKey: appleTestKey(t)}}
	p, err := New(app, Deps{Transport: w, Now: func() time.Time { return testNow }, QueryEmail: true})
	if err != nil {
		t.Fatal(err)
	}
	if info := p.Info(); !info.CallbackByPost || !info.Token {
		t.Errorf("info %+v", info)
	}
	address, err := p.AuthCodeURL(t.Context(), Authorization{State: testState, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: testBack})
	if err != nil || !strings.Contains(address, "response_mode=form_post") || !strings.Contains(address, "client_id=org.example.web&") {
		t.Errorf("%s, %v", address, err)
	}
	id, err := p.Exchange(t.Context(), Callback{Nonce: "n", CodeVerifier: testVerifier, RedirectURL: testBack, Values: url.Values{
		"code": {"c"}, "user": {`{"name":{"firstName":"Ann","lastName":"Example"},"email":"forged@example.org"}`},
	}})
	if err != nil || summary(id) != "001122.apple <ann@example.org!> @ Ann/Example" {
		t.Fatalf("%v, %v", id, err)
	}
	var secret string
	for _, r := range w.seen {
		if strings.HasSuffix(r.URL.Path, "/auth/token") {
			if err := r.ParseForm(); err != nil {
				t.Fatal(err)
			}
			secret = r.PostForm.Get("client_secret")
		}
	}
	parsed, err := jwt.ParseSigned(secret, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || parsed.Headers[0].KeyID != "KEYID" {
		t.Fatalf("client secret %q: %v", secret, err)
	}
	var who jwt.Claims
	block, _ := pem.Decode([]byte(app.Settings.CertificateKey))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Claims(key.(*ecdsa.PrivateKey).Public(), &who); err != nil {
		t.Errorf("client secret: %v", err)
	}
	if who.Issuer != "TEAM" || who.Subject != "org.example.web" || !who.Audience.Contains(appleIssuer) || !who.Expiry.Time().Equal(testNow.Add(appleSecretLifetime)) {
		t.Errorf("client secret of %+v", who)
	}
	if _, err := p.Exchange(t.Context(), Callback{Nonce: "another", Values: url.Values{"code": {"c"}}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a token of another login: %v", err)
	}
	if id, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, claims)}); err != nil || id.UID != "001122.apple" {
		t.Errorf("an app's token: %v, %v", id, err)
	}
}

func TestBadAppleSettings(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(app *App){
		"CertificateKey": func(app *App) { app.Settings.CertificateKey = "" },
		"Key is empty":   func(app *App) { app.Key = "" },
		"ClientSecret":   func(app *App) { app.ClientSecret = "" },
		"ClientID":       func(app *App) { app.ClientID = "" },
	} {
		app := App{Provider: "apple", ClientID: "c", ClientSecret: "k", Key: "t", Settings: Settings{CertificateKey: appleTestKey(t)}}
		spoil(&app)
		if _, err := New(app, Deps{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
}

func FuzzAppleName(f *testing.F) {
	f.Add(`{"name":{"firstName":"Ann","lastName":"Example"}}`)
	f.Add(`{"name":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		first, last := appleName(text)
		if len(first)+len(last) > 3*len(text) {
			t.Errorf("%q became %q %q", text, first, last)
		}
	})
}

// telegramAnswer returns a callback as Telegram signs it.
func telegramAnswer(token string, fields map[string]any) string {
	var lines []string
	for _, name := range []string{"auth_date", "first_name", "id", "username"} {
		switch v := fields[name].(type) {
		case string:
			lines = append(lines, name+"="+v)
		case int64:
			lines = append(lines, name+"="+strconv.FormatInt(v, 10))
		}
	}
	key := sha256.Sum256([]byte(token))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(strings.Join(lines, "\n")))
	fields["hash"] = hex.EncodeToString(mac.Sum(nil))
	text, _ := json.Marshal(fields) // texts and numbers can always be encoded
	return base64.StdEncoding.EncodeToString(text)
}

func TestTelegram(t *testing.T) {
	t.Parallel()
	p, err := New(App{Provider: "telegram", ClientID: "42", ClientSecret: "42:bot-token"}, Deps{Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	address, err := p.AuthCodeURL(t.Context(), Authorization{State: testState, RedirectURL: testBack})
	if err != nil || !strings.Contains(address, url.QueryEscape("state="+testState)) || !strings.Contains(address, "bot_id=42") {
		t.Errorf("%s, %v", address, err)
	}
	good := func() map[string]any {
		return map[string]any{"id": int64(7), "first_name": "Ann", "username": "annie", "auth_date": testNow.Unix()}
	}
	exchange := func(answer string) (*Identity, error) {
		return p.Exchange(t.Context(), Callback{Values: url.Values{"tgAuthResult": {answer}}})
	}
	id, err := exchange(telegramAnswer("42:bot-token", good()))
	if err != nil || summary(id) != "7 <> @annie Ann/" {
		t.Fatalf("%v, %v", id, err)
	}
	old := good()
	old["auth_date"] = testNow.Add(-time.Minute).Unix()
	for name, answer := range map[string]string{
		"another bot": telegramAnswer("43:other", good()),
		"an old one":  telegramAnswer("42:bot-token", old),
		"no hash":     base64.StdEncoding.EncodeToString([]byte(`{"id":7}`)),
		"garbage":     "!!!",
		"not JSON":    base64.StdEncoding.EncodeToString([]byte(`{`)),
		"nested":      base64.StdEncoding.EncodeToString([]byte(`{"id":{"a":1},"hash":"00"}`)),
		"empty":       "",
	} {
		if _, err := exchange(answer); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTelegram(f *testing.F) {
	f.Add(telegramAnswer("t", map[string]any{"id": int64(7), "auth_date": int64(1)}))
	f.Add("e30=")
	p := &telegram{app: App{ClientSecret: "another"}, now: func() time.Time { return testNow }, validity: time.Minute}
	f.Fuzz(func(t *testing.T, answer string) {
		if id, err := p.Exchange(t.Context(), Callback{Values: url.Values{"tgAuthResult": {answer}}}); err == nil {
			t.Errorf("%q is %v", answer, id)
		}
	})
}

func TestShopifySignsItsAnswer(t *testing.T) {
	t.Parallel()
	values := url.Values{"code": {"the-code"}, "state": {testState}, "shop": {"ann.myshopify.com"}, "timestamp": {"1"}}
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write([]byte(values.Encode()))
	values.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
	w := worldOf(t, "shopify", `{"shop":{"id":548380009,"email":"ann@example.org","shop_owner":"Ann Example"}}`)
	id, err := logIn(t, w, appOf("shopify"), values)
	if err != nil || summary(id) != "548380009 <ann@example.org?> @ Ann/Example" {
		t.Fatalf("%v, %v", id, err)
	}
	if got := w.seen[len(w.seen)-1].Header.Get("X-Shopify-Access-Token"); got != "at" {
		t.Errorf("token header %q", got)
	}
	values.Set("timestamp", "2")
	if _, err := logIn(t, w, appOf("shopify"), values); !errors.Is(err, ErrInvalid) {
		t.Errorf("a forged answer: %v", err)
	}
}

func TestFacebookTokensOfOtherAppsAreRefused(t *testing.T) {
	t.Parallel()
	for name, sample := range map[string]struct {
		debug string
		good  bool
	}{
		"ours":         {`{"data":{"app_id":"client","is_valid":true,"expires_at":1800000000}}`, true},
		"another app":  {`{"data":{"app_id":"other","is_valid":true}}`, false},
		"expired":      {`{"data":{"app_id":"client","is_valid":false}}`, false},
		"no answer":    {`{}`, false},
		"wrong shapes": {`{"data":[1]}`, false},
	} {
		w := &world{t: t, answers: map[string]string{"/debug_token": sample.debug, "/me?": `{"id":"630595557","email":"ann@example.org"}`}}
		p, err := New(appOf("facebook"), Deps{Transport: w})
		if err != nil {
			t.Fatal(err)
		}
		id, err := p.VerifyToken(t.Context(), Tokens{AccessToken: "at"})
		if good := err == nil && id.UID == "630595557" && id.Token.Expiry.Equal(testNow); good != sample.good {
			t.Errorf("%s: %v, %v", name, id, err)
		}
		for _, r := range w.seen {
			if strings.Contains(r.URL.Path, "/me") && r.URL.Query().Get("appsecret_proof") == "" {
				t.Errorf("%s: the profile was asked for without a proof", name)
			}
		}
	}
}

// Limited Login on iPhones returns an ID token in place of an access token.
func TestFacebookLimitedLogin(t *testing.T) {
	t.Parallel()
	good := with(with(goodClaims(), "iss", facebookLimitedIss), "sub", "630595557")
	for name, sample := range map[string]struct {
		token string
		good  bool
	}{
		"ours":           {signedToken(t, good), true},
		"another app":    {signedToken(t, with(good, "aud", "other")), false},
		"another issuer": {signedToken(t, with(good, "iss", testIssuer)), false},
		"expired":        {signedToken(t, with(good, "exp", testNow.Add(-time.Hour).Unix())), false},
		"issued before":  {signedToken(t, with(good, "iat", testNow.Add(-2*time.Hour).Unix())), false},
		"no iat":         {signedToken(t, with(good, "iat", nil)), false},
	} {
		w := &world{t: t, answers: map[string]string{facebookKeys: testJWKS(t)}}
		p := newOpenID(t, w, appOf("facebook"))
		id, err := p.VerifyToken(t.Context(), Tokens{IDToken: sample.token})
		if err == nil && id.IDToken != sample.token {
			t.Errorf("%s: IDToken is %q", name, id.IDToken)
		}
		if (err == nil) != sample.good || err == nil && summary(id) != "630595557 <ann@example.org?> @ Ann/Example" {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
}
