package mfa_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Pages of other sites use the keys of a domain that lists their origins.
func TestRelatedOrigins(t *testing.T) {
	t.Parallel()
	listed := func(s *clienttest.Server) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.Auth.RelatedOrigins().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/.well-known/webauthn", nil))
		return w
	}
	s := start(t, func(cfg *allauth.Config) {
		cfg.BaseURL = "https://example.org"
		cfg.MFA.WebAuthnOrigins = []string{"https://example.org", "https://Example.co.uk:443", "https://www.example.net", "android:apk-key-hash:abc"}
	})
	w := listed(s)
	if want := `{"origins":["https://example.co.uk","https://www.example.net"]}`; w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("listed: %d %v %s, want %s", w.Code, w.Header(), w.Body, want)
	}
	owner := s.SignUp(clienttest.Browser, ann)
	reauthenticate(owner)
	create := func(origin string) (*device, *clienttest.Answer) {
		d := newDevice(t, s)
		d.rp.ID, d.rp.Origin = "example.org", origin
		return d, owner.Post(keysPath, body{"credential": d.create(creation(owner.Get(keysPath + "?passwordless")))})
	}
	d, answer := create("https://example.co.uk")
	answer.Status(200)
	for origin, ok := range map[string]bool{
		"https://example.org": true, "https://example.co.uk": true, "https://www.example.net": true, "android:apk-key-hash:abc": true,
		"http://example.co.uk": false, "https://www.example.co.uk": false, "https://example.net": false, "https://www.example.net:8443": false,
	} {
		d.rp.Origin = origin
		c := s.Client(clienttest.Browser)
		if answer := c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}); (answer.StatusCode == 200) != ok {
			t.Errorf("a login at %s: %s", origin, answer.Text)
		}
		if _, answer := create(origin); (answer.StatusCode == 200) != ok {
			t.Errorf("a key at %s: %s", origin, answer.Text)
		}
	}

	for name, edit := range map[string]func(cfg *allauth.Config){
		"one site": func(*allauth.Config) {}, "no keys": func(cfg *allauth.Config) {
			cfg.MFA.SupportedTypes = nil
			cfg.MFA.PasskeyLoginEnabled = false
			cfg.MFA.PasskeySignupEnabled = false
		},
		"no factors": func(cfg *allauth.Config) { cfg.MFA = nil },
	} {
		if w := listed(start(t, edit)); w.Code != 404 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
