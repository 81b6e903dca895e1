package provider

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// testKey returns the public key of the provider as members.
func testKey(t testing.TB) map[string]any {
	t.Helper()
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal([]byte(testJWKS(t)), &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		if key["kid"] == "k" {
			return key
		}
	}
	t.Fatal("the key set has no key named k")
	return nil
}

// keysOf returns a key set.
func keysOf(t testing.TB, keys ...map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A key whose n and e verify the signature is accepted, whatever else it carries, and
// what cannot be read is logged by its name.
func TestKeysAsProvidersPublishThem(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	n, err := base64.RawURLEncoding.DecodeString(key["n"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		member string
		value  any
		logged bool
	}{
		"an empty certificate":         {"x5c", []string{""}, true},
		"a text as certificates":       {"x5c", "", true},
		"an unreadable certificate":    {"x5c", []string{"MIIB"}, true},
		"a short thumbprint":           {"x5t", "YQ", true},
		"a hexadecimal thumbprint":     {"x5t", strings.Repeat("0f", 20), true},
		"a number as thumbprint":       {"x5t#S256", 1, true},
		"padded n":                     {"n", base64.URLEncoding.EncodeToString(append([]byte{0}, n...)), true},
		"n in standard base64":         {"n", base64.StdEncoding.EncodeToString(n), true},
		"n in standard, not padded":    {"n", base64.RawStdEncoding.EncodeToString(n), true},
		"padded e":                     {"e", "AQAB====", true},
		"n in lines":                   {"n", strings.ReplaceAll(base64.StdEncoding.EncodeToString(n), "A", "A\r\n\t "), true},
		"no kid":                       {"kid", nil, false},
		"a number as kid":              {"kid", 7, true},
		"a list as use":                {"use", []string{"sig"}, true},
		"null as alg":                  {"alg", nil, false},
		"an unknown member":            {"issued", map[string]any{"by": "us"}, false},
		"key_ops that are not a list":  {"key_ops", "verify", false},
		"a private member that is odd": {"d", "?", false},
	} {
		changed := maps.Clone(key)
		changed[c.member] = c.value
		if c.value == nil {
			delete(changed, c.member)
		}
		w := openIDWorld(t, signedToken(t, goodClaims()))
		w.answers["/keys"] = keysOf(t, map[string]any{"kty": "future"}, changed)
		var log bytes.Buffer
		p, err := New(openIDApp(), Deps{Transport: w, Now: func() time.Time { return testNow }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := exchange(t, p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if logged := strings.Contains(log.String(), "members=["+c.member+"]"); logged != c.logged {
			t.Errorf("%s: the log says %q", name, log.String())
		}
	}
}

// Coordinates of elliptic curves are often written as numbers, without zeros in front or
// with one too many, and not as texts of a fixed size (RFC 7518 section 6.2.1.2).
func TestCoordinatesAsProvidersPublishThem(t *testing.T) {
	t.Parallel()
	for alg, curve := range map[jose.SignatureAlgorithm]elliptic.Curve{jose.ES256: elliptic.P256(), jose.ES384: elliptic.P384(), jose.ES512: elliptic.P521()} {
		size := (curve.Params().BitSize + 7) / 8
		for _, zeros := range []int{0, 1} { // in front of a coordinate
			private := keyWithZeros(t, curve, zeros)
			for name, write := range map[string]func(n *big.Int) []byte{
				"as specified":      func(n *big.Int) []byte { return n.FillBytes(make([]byte, size)) },
				"without zeros":     func(n *big.Int) []byte { return n.Bytes() },
				"with another zero": func(n *big.Int) []byte { return n.FillBytes(make([]byte, size+1)) },
			} {
				signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: private}, nil)
				if err != nil {
					t.Fatal(err)
				}
				token, err := jwt.Signed(signer).Claims(goodClaims()).Serialize()
				if err != nil {
					t.Fatal(err)
				}
				w := openIDWorld(t, token)
				w.answers["/keys"] = keysOf(t, map[string]any{
					"kty": "EC", "crv": curve.Params().Name, "x": base64.RawURLEncoding.EncodeToString(write(private.X)), "y": base64.RawURLEncoding.EncodeToString(write(private.Y)),
				})
				if _, err := exchange(t, newOpenID(t, w, openIDApp())); err != nil {
					t.Errorf("%s, %s, %d zeros: %v", alg, name, zeros, err)
				}
			}
		}
	}
	for name, x := range map[string]string{"nothing": "", "too long": strings.Repeat("_", 60), "not on the curve": "AQ"} {
		w := openIDWorld(t, signedToken(t, goodClaims()))
		w.answers["/keys"] = keysOf(t, map[string]any{"kty": "EC", "crv": "P-256", "x": x, "y": x}, testKey(t))
		if _, err := exchange(t, newOpenID(t, w, openIDApp())); err != nil {
			t.Errorf("beside a key with %s as coordinate: %v", name, err)
		}
	}
}

// keyWithZeros returns a private key whose x begins with at least that many zero bytes.
func keyWithZeros(t *testing.T, curve elliptic.Curve, zeros int) *ecdsa.PrivateKey {
	t.Helper()
	for {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if (curve.Params().BitSize+7)/8-len(key.X.Bytes()) >= zeros {
			return key
		}
	}
}

// exchange finishes a login.
func exchange(t *testing.T, p Provider) (*Identity, error) {
	t.Helper()
	return p.Exchange(t.Context(), Callback{Values: url.Values{"code": {"c"}}, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: "https://app.example.org/callback"})
}

// A certificate with a negative serial number is no reason to refuse its key.
func TestACertificateWithANegativeSerialNumber(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: testNow}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, testRSA().Public(), testRSA())
	if err != nil {
		t.Fatal(err)
	}
	// The version and the serial number, of one byte.
	before := []byte{0xa0, 3, 2, 1, 2, 2, 1}
	certificate[bytes.Index(certificate, before)+len(before)] = 0x81
	if _, err := x509.ParseCertificate(certificate); err == nil {
		t.Fatal("the certificate can be read")
	}
	key["x5c"] = []string{base64.StdEncoding.EncodeToString(certificate)}
	w := openIDWorld(t, signedToken(t, goodClaims()))
	w.answers["/keys"] = keysOf(t, key)
	if _, err := exchange(t, newOpenID(t, w, openIDApp())); err != nil {
		t.Error(err)
	}
}

// The metadata lies at another address than the issuer.
func TestAnIssuerAtAnotherAddress(t *testing.T) {
	t.Parallel()
	const issuer = "https://tenant.example.net/11111111-2222/v2.0/"
	claims := with(goodClaims(), "iss", issuer)
	world := func() *world {
		w := openIDWorld(t, signedToken(t, claims))
		w.answers["openid-configuration"] = metadataOf(issuer)
		return w
	}
	app := openIDApp()
	app.Settings.Issuer = issuer
	if _, err := exchange(t, newOpenID(t, world(), app)); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", strings.TrimSuffix(issuer, "/"), issuer + "/", "https://tenant.example.net/33333333/v2.0/"} {
		app.Settings.Issuer = wrong
		if id, err := exchange(t, newOpenID(t, world(), app)); err == nil {
			t.Errorf("%q is accepted: %+v", wrong, id)
		}
	}
	for _, unusable := range []string{"tenant.example.net", "http://tenant.example.net"} {
		app.Settings.Issuer = unusable
		if _, err := New(app, Deps{}); err == nil || !strings.Contains(err.Error(), "Settings.Issuer") {
			t.Errorf("%q: %v", unusable, err)
		}
	}
}

// Lists and booleans in the metadata may be texts, and those that cannot be read count as
// missing.
func TestMetadataAsProvidersPublishIt(t *testing.T) {
	t.Parallel()
	for members, c := range map[string]struct{ valid, basic, needsIssuer bool }{
		`"token_endpoint_auth_methods_supported":["client_secret_basic"]`:        {true, true, false},
		`"token_endpoint_auth_methods_supported":"client_secret_basic"`:          {true, true, false},
		`"token_endpoint_auth_methods_supported":[{},"client_secret_basic"]`:     {true, true, false},
		`"token_endpoint_auth_methods_supported":{}`:                             {true, false, false},
		`"token_endpoint_auth_methods_supported":null`:                           {true, false, false},
		`"id_token_signing_alg_values_supported":"RS256"`:                        {true, false, false},
		`"id_token_signing_alg_values_supported":[["RS256"],7]`:                  {true, false, false},
		`"id_token_signing_alg_values_supported":"ES256"`:                        {false, false, false},
		`"id_token_signing_alg_values_supported":["none","ES256"]`:               {false, false, false},
		`"authorization_response_iss_parameter_supported":"true"`:                {true, false, true},
		`"authorization_response_iss_parameter_supported":true`:                  {true, false, true},
		`"authorization_response_iss_parameter_supported":"false"`:               {true, false, false},
		`"authorization_response_iss_parameter_supported":[]`:                    {true, false, false},
		`"scopes_supported":7,"claims_supported":{},"acr_values_supported":null`: {true, false, false},
	} {
		w := openIDWorld(t, signedToken(t, goodClaims()))
		w.answers["openid-configuration"] = strings.Replace(metadataOf(testIssuer), "{", "{"+members+",", 1)
		p := newOpenID(t, w, openIDApp())
		values := url.Values{"code": {"c"}}
		callback := Callback{Values: values, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: "https://app.example.org/callback"}
		if _, err := p.Exchange(t.Context(), callback); (err == nil) != (c.valid && !c.needsIssuer) {
			t.Errorf("%s, without iss: %v", members, err)
		}
		values.Set("iss", testIssuer)
		if _, err := p.Exchange(t.Context(), callback); (err == nil) != c.valid {
			t.Errorf("%s: %v", members, err)
		}
		for _, r := range w.seen {
			if _, _, basic := r.BasicAuth(); strings.HasSuffix(r.URL.Path, "/token") && basic != c.basic {
				t.Errorf("%s: Basic authentication: %v", members, basic)
			}
		}
	}
}

// User info may be signed, and is checked like an ID token then.
func TestSignedUserInfo(t *testing.T) {
	t.Parallel()
	info := map[string]any{"iss": testIssuer, "aud": []string{"client", "other"}, "sub": "ann", "email": "signed@example.org", "email_verified": true}
	encode := base64.RawURLEncoding.EncodeToString
	plain, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"signed":              {signedToken(t, info), "signed@example.org"},
		"with a line feed":    {signedToken(t, info) + "\n", "signed@example.org"},
		"one audience":        {signedToken(t, with(info, "aud", "client")), "signed@example.org"},
		"no audience":         {signedToken(t, with(info, "aud", nil)), "signed@example.org"},
		"no issuer":           {signedToken(t, with(info, "iss", nil)), "signed@example.org"},
		"another audience":    {signedToken(t, with(info, "aud", "other")), ""},
		"another issuer":      {signedToken(t, with(info, "iss", "https://evil.example")), ""},
		"another user":        {signedToken(t, with(info, "sub", "eve")), ""},
		"no user":             {signedToken(t, with(info, "sub", nil)), ""},
		"a number as issuer":  {signedToken(t, with(info, "iss", 1)), ""},
		"alg none":            {encode([]byte(`{"alg":"none"}`)) + "." + encode(plain) + ".", ""},
		"no signature":        {strings.Join(strings.Split(signedToken(t, info), ".")[:2], ".") + ".", ""},
		"JSON in spite of it": {string(plain), "signed@example.org"},
		"within its lifetime": {signedToken(t, with(info, "exp", testNow.Add(time.Minute).Unix())), "signed@example.org"},
		"by a clock behind":   {signedToken(t, with(info, "exp", testNow.Add(-clockSkew/2).Unix())), "signed@example.org"},
		"expired":             {signedToken(t, with(info, "exp", testNow.Add(-time.Hour).Unix())), ""},
		"not valid yet":       {signedToken(t, with(info, "nbf", testNow.Add(time.Hour).Unix())), ""},
		"encrypted":           {"a.b.c.d.e", ""},
		"nothing":             {"", ""},
	} {
		w := openIDWorld(t, signedToken(t, goodClaims()))
		w.answers["/userinfo"], w.types = c.body, map[string]string{"/userinfo": "application/jwt; charset=utf-8"}
		id, err := exchange(t, newOpenID(t, w, openIDApp()))
		if c.want == "" {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %+v, %v", name, id, err)
			}
			continue
		}
		if err != nil || id.Emails[0].Address != c.want {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

// Without user info there is no use for an access token.
func TestATokenResponseWithoutAnAccessToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		response string
		skip     bool
		valid    bool
	}{
		"the ID token alone":          {`{"id_token":"%s"}`, true, true},
		"with null":                   {`{"access_token":null,"id_token":"%s"}`, true, true},
		"with an empty one":           {`{"access_token":"","id_token":"%s","expires_in":60}`, true, true},
		"where user info is required": {`{"id_token":"%s"}`, false, false},
		"nothing":                     {`{"state":"%s"}`, true, false},
		"an error":                    {`{"error":"invalid_grant","id_token":"%s"}`, true, false},
	} {
		w := openIDWorld(t, "")
		w.answers["/token"] = fmt.Sprintf(c.response, signedToken(t, goodClaims()))
		app := openIDApp()
		app.Settings.SkipUserInfo = c.skip
		id, err := exchange(t, newOpenID(t, w, app))
		if c.valid != (err == nil) {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
	w := openIDWorld(t, "")
	w.answers["openid-configuration"] = strings.Replace(metadataOf(testIssuer), `"userinfo_endpoint":"https://id.example.org/userinfo",`, "", 1)
	w.answers["/token"] = `{"id_token":"` + signedToken(t, goodClaims()) + `"}`
	if _, err := exchange(t, newOpenID(t, w, openIDApp())); err != nil {
		t.Errorf("a provider without user info: %v", err)
	}
}

// Lifetimes are rounded down, and not known if they are not numbers. The login goes on.
func TestLifetimesOfTokens(t *testing.T) {
	t.Parallel()
	for member, want := range map[string]time.Duration{
		`3600`: time.Hour, `3600.0`: time.Hour, `299.7`: 299 * time.Second, `"300"`: 5 * time.Minute, `"299.9"`: 299 * time.Second, `3.6e3`: time.Hour, `" 60 "`: time.Minute,
		`null`: 0, `""`: 0, `"an hour"`: 0, `"1h"`: 0, `0`: 0, `-60`: 0, `0.4`: 0, `true`: 0, `{}`: 0, `[60]`: 0, `1e30`: 0, `9223372036854775807`: 0, `"NaN"`: 0, `"Inf"`: 0,
	} {
		w := openIDWorld(t, "")
		w.answers["/token"] = `{"access_token":"at","token_type":"bearer","expires_in":` + member + `,"id_token":"` + signedToken(t, goodClaims()) + `"}`
		id, err := exchange(t, newOpenID(t, w, openIDApp()))
		if err != nil {
			t.Errorf("%s: %v", member, err)
			continue
		}
		got := time.Duration(0)
		if !id.Token.Expiry.IsZero() {
			got = id.Token.Expiry.Sub(testNow)
		}
		if got != want {
			t.Errorf("%s: expires after %v, want %v", member, got, want)
		}
	}
}

// Members of a token response that are not texts, where they should be, are as good as
// none, and a response is read by what it is and not by its type.
func TestTokenResponsesAsProvidersSendThem(t *testing.T) {
	t.Parallel()
	const idToken = `,"id_token":"%s"}`
	for name, c := range map[string]struct{ mediaType, response string }{
		"a number as type":               {"application/json", `{"access_token":"at","token_type":0` + idToken},
		"no refresh token, as false":     {"application/json", `{"access_token":"at","refresh_token":false` + idToken},
		"no error, as zero":              {"application/json", `{"access_token":"at","error":0,"error_description":[]` + idToken},
		"JSON as plain text":             {"text/plain", `{"access_token":"at"` + idToken},
		"JSON as plain text, in lines":   {"text/plain", "\n {\n\"access_token\":\"at\"" + idToken},
		"JSON with a byte order mark":    {"application/json", "\ufeff" + `{"access_token":"at"` + idToken},
		"a form":                         {"application/x-www-form-urlencoded", `access_token=at&expires_in=299.7&id_token=%s`},
		"a form as plain text":           {"text/plain; charset=utf-8", `access_token=at&expires_in=3600.0&id_token=%s`},
		"a form as a page":               {"text/html", `access_token=at&expires_in=soon&id_token=%s`},
		"a form without a type":          {" ", `access_token=at&id_token=%s`},
		"a form that is called JSON":     {"application/json", `access_token=at&id_token=%s`},
		"JSON in a type of the provider": {"application/vnd.example+json", `{"access_token":"at"` + idToken},
	} {
		w := openIDWorld(t, "")
		w.answers["/token"] = fmt.Sprintf(c.response, signedToken(t, goodClaims()))
		w.types = map[string]string{"/token": c.mediaType}
		id, err := exchange(t, newOpenID(t, w, openIDApp()))
		if err != nil || id.Token.AccessToken != "at" || id.Token.RefreshToken != "" {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
	for name, response := range map[string]string{
		"a page":              `<html><a href="?access_token=at&id_token=x">Log in</a></html>`,
		"an error":            `{"error":"bad_verification_code","access_token":"at"` + idToken,
		"an error as a form":  `error=bad_verification_code&access_token=at&id_token=%s`,
		"an error as object":  `{"error":{"message":"no"}` + idToken,
		"a number as token":   `{"access_token":7` + idToken,
		"a number, and error": `{"access_token":7,"error":"no"` + idToken,
	} {
		w := openIDWorld(t, "")
		w.answers["/token"] = strings.ReplaceAll(response, "%s", signedToken(t, goodClaims()))
		if id, err := exchange(t, newOpenID(t, w, openIDApp())); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, id, err)
		}
	}
}

// A byte order mark before JSON is skipped (RFC 8259 section 8.1).
func TestByteOrderMarks(t *testing.T) {
	t.Parallel()
	w := openIDWorld(t, signedToken(t, goodClaims()))
	for name, text := range w.answers {
		w.answers[name] = "\ufeff" + text
	}
	if _, err := exchange(t, newOpenID(t, w, openIDApp())); err != nil {
		t.Error(err)
	}
}

// The sub has up to 255 characters (OpenID Connect Core 1.0 section 2).
func TestLongSubjects(t *testing.T) {
	t.Parallel()
	for length, valid := range map[int]bool{255: true, 256: false} {
		w := openIDWorld(t, signedToken(t, with(goodClaims(), "sub", strings.Repeat("s", length))))
		app := openIDApp()
		app.Settings.SkipUserInfo = true
		id, err := exchange(t, newOpenID(t, w, app))
		if valid != (err == nil) || valid && len(id.UID) != length {
			t.Errorf("%d characters: %v, %v", length, id, err)
		}
	}
}

// The name of a guest in a Microsoft directory is no address.
func TestGuestsOfMicrosoft(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]string{
		`{"id":"1","userPrincipalName":"ann_example.org#EXT#@tenant.onmicrosoft.com"}`:                          "1 <> @ /",
		`{"id":"1","mail":null,"userPrincipalName":"ann_example.org#ext#@tenant.onmicrosoft.com"}`:              "1 <> @ /",
		`{"id":"1","mail":"ann@example.org","userPrincipalName":"ann_example.org#EXT#@tenant.onmicrosoft.com"}`: "1 <ann@example.org?> @ /",
		`{"id":"1","userPrincipalName":"ann@tenant.example"}`:                                                   "1 <ann@tenant.example?> @ /",
	} {
		w := worldOf(t, "microsoft", profile)
		id, err := logIn(t, w, appOf("microsoft"), nil)
		if err != nil || summary(id) != want {
			t.Errorf("%s: %q, %v", profile, summary(id), err)
		}
	}
}

// X tells the confirmed address to apps that may request it.
func TestTheAddressOfX(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"data":{"id":"1","confirmed_email":"ann@example.org"}}`:              "1 <ann@example.org!> @annie Ann/",
		`{"data":{"id":"1"},"errors":[{"title":"Field Authorization Error"}]}`: "1 <> @annie Ann/",
		`{"data":{"id":"1","confirmed_email":""}}`:                             "1 <> @annie Ann/",
	} {
		w := worldOf(t, "twitter_oauth2", `{"data":{"id":"1","name":"Ann","username":"annie"}}`)
		w.answers["user.fields=confirmed_email"] = answer
		id, err := logIn(t, w, appOf("twitter_oauth2"), nil)
		if err != nil || summary(id) != want {
			t.Errorf("%s: %q, %v", answer, summary(id), err)
		}
	}
}

// An app hands over the name that Apple told it.
func TestTheNameBesideApplesToken(t *testing.T) {
	t.Parallel()
	for user, want := range map[string]string{
		`{"name":{"firstName":"Ann","lastName":"Example"},"email":"eve@example.org"}`: "Ann/Example",
		`{"name":{"firstName":" Ann "}}`:                                              "Ann/",
		`{"name":null}`:                                                               "/",
		`not JSON`:                                                                    "/",
		``:                                                                            "/",
	} {
		claims := map[string]any{"iss": "https://appleid.apple.com", "aud": "client", "sub": "ann", "iat": testNow.Unix(), "exp": testNow.Add(time.Minute).Unix(), "email": "ann@example.org", "email_verified": "true"}
		app := appOf("apple")
		app.Settings.CertificateKey = appleTestKey(t)
		p := newOpenID(t, &world{t: t, answers: map[string]string{"/auth/keys": testJWKS(t)}}, app)
		id, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, claims), User: user})
		if err != nil {
			t.Fatal(err)
		}
		if got := id.FirstName + "/" + id.LastName; got != want || len(id.Emails) != 1 || id.Emails[0].Address != "ann@example.org" {
			t.Errorf("%s: %q, %v", user, got, id.Emails)
		}
	}
}
