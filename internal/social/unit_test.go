package social

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/idtoken"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

func TestWithParameters(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/done":                        "/done?error=e",
		"/done?":                       "/done?error=e",
		"/done?a=1&b=2":                "/done?a=1&b=2&error=e",
		"/done?error=old&a=1#fragment": "/done?a=1&error=e#fragment",
		"/done?%65rror=old":            "/done?error=e",
		"https://x.example/?a=%20b":    "https://x.example/?a=%20b&error=e",
		"/done#a?b":                    "/done?error=e#a?b",
	} {
		if got := withParameters(target, [2]string{"error", "e"}); got != want {
			t.Errorf("%s became %s, want %s", target, got, want)
		}
	}
}

// A URL that is accepted leads to a configured host, as browsers read it.
func FuzzMayRedirectTo(f *testing.F) {
	for _, seed := range []string{
		"/", "/done?x=y#z", "//evil.com", `/\evil.com`, "https://good.example/x", "https://good.example@evil.com", "https:/good.example",
		"HTTPS://good.example", "https://good.example:443/", "https://good.example:444/", "/%2f/evil.com", "javascript:alert(1)", "https://good.example\\@evil.com",
	} {
		f.Add(seed)
	}
	s := &Service{returnOrigins: map[string]bool{"https://good.example": true}}
	f.Fuzz(func(t *testing.T, target string) {
		if !s.mayRedirectTo(target) {
			return
		}
		base := &url.URL{Scheme: "https", Host: "here.example"}
		// Browsers read a backslash as a slash, and ignore tabs and line ends.
		read := strings.NewReplacer(`\`, "/", "\t", "", "\r", "", "\n", "").Replace(strings.TrimSpace(target))
		u, err := base.Parse(read)
		if err != nil {
			t.Fatalf("%q is accepted, but is no URL", target)
		}
		if u.Scheme != "https" || u.User != nil || u.Hostname() != "here.example" && u.Hostname() != "good.example" || u.Port() != "" && u.Port() != "443" {
			t.Fatalf("%q leads to %s", target, u)
		}
	})
}

func TestDisplay(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]string{
		`{}`:                                    "Provider",
		`null`:                                  "Provider",
		`not json`:                              "Provider",
		`{"username":"ann","email":"a@x.org"}`:  "ann",
		`{"username":7,"email":"a@x.org"}`:      "a@x.org",
		`{"username":"  ","name":"Ann"}`:        "Ann",
		`{"given_name":"Ann"}`:                  "Ann",
		`{"given_name":"Ann","surname":"Ex"}`:   "Ann Ex",
		`{"userinfo":{"email":"a@x.org"}}`:      "a@x.org",
		`{"data":{"me":{"displayName":"Ann"}}}`: "Ann",
		`{"data":"text","user":{"login":"a"}}`:  "a",
		`{"name":"Ann\u0000\nExample"}`:         "Ann  Example",
		`{"id_token":{"preferred_username":"annie","email":"a@x.org"}}`:  "a@x.org",
		`{"userinfo":{"preferred_username":"annie","given_name":"Ann"}}`: "Ann",
		`{"preferred_username":"annie"}`:                                 "annie",
	} {
		if got := display([]byte(profile), "Provider"); got != want {
			t.Errorf("%s is shown as %q, want %q", profile, got, want)
		}
	}
}

func TestCallbackProvider(t *testing.T) {
	t.Parallel()
	s := &Service{callbacks: newCallbackPaths(&socialaccount.Config{
		CallbackPath: socialaccount.DjangoCallbackPath, OpenIDConnectCallbackPath: socialaccount.DjangoOpenIDConnectCallbackPath,
	}, "/_allauth")}
	for path, want := range map[string]string{
		"/_allauth/provider/google/callback":    "google",
		"/_allauth/provider/google/callback/":   "",
		"/_allauth/provider//callback":          "",
		"/_allauth/provider/a/b/callback":       "",
		"/accounts/google/login/callback/":      "google",
		"/accounts/23andme/login/callback/":     "twentythreeandme",
		"/_allauth/provider/23andme/callback":   "23andme",
		"/accounts/oidc/acme/login/callback/":   "acme",
		"/accounts/oidc/acme/login/callback":    "",
		"/accounts/oidc/acme/x/login/callback/": "",
		"/prefix/accounts/acme/login/callback/": "",
	} {
		if got, ok := s.CallbackProvider(path); got != want || ok != (want != "") {
			t.Errorf("%s belongs to %q", path, got)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	google := provider.App{Provider: "google", ClientID: "id"}
	for want, cfg := range map[string]socialaccount.Config{
		"Providers[0].Provider":      {Providers: []provider.App{{}}},
		"Providers[1] is the second": {Providers: []provider.App{google, google}},
		`Providers[0].Trust: VerifiedEmailDomains[1] "a@example.org" is not a domain`: {Providers: []provider.App{{
			Provider: "x", Trust: provider.Trust{VerifiedEmailDomains: []string{"example.org", "a@example.org"}},
		}}},
		"Providers[0].Trust: VerifiedEmailDomains does nothing": {Providers: []provider.App{{
			Provider: "x", Trust: provider.Trust{VerifiedEmail: true, VerifiedEmailDomains: []string{"example.org"}},
		}}},
		"SocialAccount.Only":           {Providers: []provider.App{google}, Only: true, EmailVerification: new(authn.VerificationMandatory)},
		"EmailVerification is unknown": {Providers: []provider.App{google}, EmailVerification: new(authn.Verification(9))},
		"RequestsTimeout":              {Providers: []provider.App{google}, RequestsTimeout: -1},
		"StateTimeout":                 {Providers: []provider.App{google}, StateTimeout: -1},
		"SignupTimeout":                {Providers: []provider.App{google}, SignupTimeout: -1},
		"CallbackPath":                 {Providers: []provider.App{google}, CallbackPath: "/accounts/callback"},
		"Custom[0] is nil":             {Custom: []provider.Provider{nil}},
	} {
		if err := Validate(WithDefaults(&cfg)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
	hidden := google
	hidden.ClientID, hidden.Hidden = "other", true
	good := WithDefaults((&socialaccount.Config{Providers: []provider.App{google, hidden}}))
	if err := Validate(good); err != nil {
		t.Error(err)
	}
	if good.StateTimeout != 10*time.Minute || good.RequestsTimeout != 5*time.Second {
		t.Errorf("defaults: %+v", good)
	}
	if err := Validate(WithDefaults((*socialaccount.Config)(nil))); err != nil {
		t.Errorf("nil: %v", err)
	}
}

func TestIsVerified(t *testing.T) {
	t.Parallel()
	e := &entry{trust: provider.Trust{VerifiedEmailDomains: []string{"Example.org"}}}
	for address, want := range map[string]bool{
		"a@example.org": true, "a@sub.example.org": false, "a@example.org.evil.com": false, "a@evilexample.org": false, "example.org": false,
	} {
		if got := e.isVerified(address, false); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if !e.isVerified("a@x.org", true) {
		t.Error("an address that the provider verified is not verified")
	}
}

func TestAuthenticatedBefore(t *testing.T) {
	t.Parallel()
	start := time.Unix(10_000, 0)
	for text, want := range map[string]bool{
		`{}`:                                false,
		`{"auth_time":"9000"}`:              false,
		`{"auth_time":9000}`:                true,
		`{"auth_time":9950}`:                false,
		`{"auth_time":1e300}`:               false,
		`{"id_token":{"auth_time":9000}}`:   true,
		`{"id_token":{"auth_time":10001}}`:  false,
		`{"id_token":"x","auth_time":9000}`: true,
		`{"userinfo":{"auth_time":9000}}`:   false,
	} {
		var profile map[string]any
		if err := json.Unmarshal([]byte(text), &profile); err != nil {
			t.Fatal(err)
		}
		if got := authenticatedBefore(&provider.Identity{ExtraData: profile}, start); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// OpenForm returns an empty form for every text but those of SealForm.
func FuzzOpenForm(f *testing.F) {
	keys, err := keyring.New([][]byte{bytes.Repeat([]byte("k"), 32)}, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	s := &Service{deps: &work.Deps{Keys: keys, Now: time.Now}}
	sealed, ok := s.SealForm("apple", url.Values{"code": {"c"}, "state": {"s"}})
	if !ok || s.OpenForm("apple", sealed).Get("code") != "c" {
		f.Fatal("a sealed form does not open")
	}
	for _, seed := range []string{"", "x", "AQ", strings.Repeat("A", 100), sealed[:len(sealed)-1], "AAAA" + sealed} {
		f.Add("apple", seed)
	}
	f.Add("google", sealed)
	f.Fuzz(func(t *testing.T, provider, text string) {
		if values := s.OpenForm(provider, text); len(values) > 0 && (provider != "apple" || text != sealed) {
			t.Fatalf("%q opens as %v", text, values)
		}
	})
}

func FuzzIDTokenTimes(f *testing.F) {
	for _, seed := range []string{"a.b.c", "..", "a.eyJleHAiOjEwMDA2MDB9.c", "a.e30.", "a.eyJleHAiOi0xfQ.c", "a.eyJpYXQiOjEwMDAwMDAsImV4cCI6MWUzMDB9.c"} {
		f.Add(seed)
	}
	now := time.Unix(1_000_000, 0)
	f.Fuzz(func(t *testing.T, token string) {
		_, claims := readIDToken(token)
		until, err := idtoken.Check(claims, now)
		if err == nil && (until.Before(now) || until.After(now.Add(idtoken.MaxAge+2*idtoken.ClockSkew))) {
			t.Fatalf("%q is accepted until %v", token, until)
		}
	})
}
