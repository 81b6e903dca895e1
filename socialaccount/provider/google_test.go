package provider

import (
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"
)

func googleWorld(t testing.TB) *world {
	t.Helper()
	return &world{t: t, answers: map[string]string{
		"openid-configuration": strings.ReplaceAll(metadataOf("https://accounts.google.com"), "https://id.example.org", "https://accounts.google.com"),
		"/keys":                testJWKS(t),
		"/tokeninfo":           `{"aud":"phone","azp":"phone","sub":"ann","exp":"1800000000","email_verified":"true"}`,
		"/userinfo":            `{"sub":"ann","email":"ann@example.org","email_verified":true,"given_name":"Ann","family_name":"Example"}`,
	}}
}

func googleClaims() map[string]any {
	return with(with(goodClaims(), "iss", "https://accounts.google.com"), "aud", "site")
}

func googleApp() App { return App{Provider: "google", ClientID: "site, phone", ClientSecret: "secret"} }

// The ids of the site and of its mobile apps are one registration.
func TestGoogleTokens(t *testing.T) {
	t.Parallel()
	p := newOpenID(t, googleWorld(t), googleApp())
	if info := p.Info(); info.ClientID != "site" || strings.Join(info.ClientIDs, " ") != "site phone" || !info.Token {
		t.Errorf("info %+v", info)
	}
	for name, claims := range map[string]map[string]any{
		"for the site":                    googleClaims(),
		"for the phone":                   with(googleClaims(), "aud", "phone"),
		"for the site, got by an Android": with(googleClaims(), "azp", "android"),
		"with the old issuer":             with(googleClaims(), "iss", "accounts.google.com"),
	} {
		if id, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, claims)}); err != nil || id.UID != "ann" {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
	for name, claims := range map[string]map[string]any{
		"for another client":          with(googleClaims(), "aud", "other"),
		"for several, got by another": with(with(googleClaims(), "aud", []string{"site", "other"}), "azp", "other"),
		"of another issuer":           with(googleClaims(), "iss", "https://evil.example.org"),
		"without a nonce":             with(googleClaims(), "nonce", nil),
	} {
		if id, err := p.VerifyToken(t.Context(), Tokens{IDToken: signedToken(t, claims), Nonce: "n"}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
	if _, err := p.VerifyToken(t.Context(), Tokens{}); !errors.Is(err, ErrTokenMissing) {
		t.Errorf("no token: %v", err)
	}
}

// A token with the azp of an Android app is accepted from an app, and refused in
// a redirect.
func TestGoogleRedirectIsForUsAlone(t *testing.T) {
	t.Parallel()
	w := googleWorld(t)
	w.answers["/token"] = `{"access_token":"at","id_token":"` + signedToken(t, with(googleClaims(), "azp", "android")) + `"}`
	p := newOpenID(t, w, googleApp())
	_, err := p.Exchange(t.Context(), Callback{Values: url.Values{"code": {"c"}}, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: testBack})
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

func TestGoogleAccessTokens(t *testing.T) {
	t.Parallel()
	w := googleWorld(t)
	id, err := newOpenID(t, w, googleApp()).VerifyToken(t.Context(), Tokens{AccessToken: "at"})
	if asked := strings.Join(describe(t, w.seen[1]), " "); !strings.HasSuffix(asked, "/tokeninfo Content-Type: application/x-www-form-urlencoded access_token=at") {
		t.Errorf("the audience is requested with %s", asked)
	}
	if err != nil || summary(id) != "ann <ann@example.org!> @ Ann/Example" || id.Token.AccessToken != "at" || !id.Token.Expiry.Equal(time.Unix(1800000000, 0)) {
		t.Errorf("%v, %v", id, err)
	}
	for name, changed := range map[string]map[string]string{
		"of another app":       {"/tokeninfo": `{"aud":"other","sub":"ann"}`},
		"without an audience":  {"/tokeninfo": `{"sub":"ann"}`},
		"of a list":            {"/tokeninfo": `{"aud":["site"],"sub":"ann"}`},
		"without a user":       {"/tokeninfo": `{"aud":"site","scope":"drive"}`, "/userinfo": `{}`},
		"of two users":         {"/userinfo": `{"sub":"eve"}`},
		"that Google refuses":  {"/tokeninfo": `[]`},
		"with garbage as user": {"/userinfo": `nonsense`},
	} {
		w := googleWorld(t)
		maps.Copy(w.answers, changed)
		if id, err := newOpenID(t, w, googleApp()).VerifyToken(t.Context(), Tokens{AccessToken: "at"}); !errors.Is(err, ErrInvalid) {
			t.Errorf("a token %s: %v, %v", name, id, err)
		}
	}
}
