package main

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

// The file names the issuer of a provider whose metadata is at another address, and asks
// for its response by form.
func TestIssuerAndFormPostInTheFile(t *testing.T) {
	t.Parallel()
	const issuer = "https://issuer.example.org"
	op := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := "http://" + r.Host
		_ = json.NewEncoder(w).Encode(map[string]string{ // it fails only if the server has disconnected
			"issuer": issuer, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token", "jwks_uri": base + "/keys",
		})
	}))
	t.Cleanup(op.Close)
	redirect := func(settings map[string]any) *url.URL {
		t.Helper()
		config := configFor(t, smtpsink.Start(t))
		config["socialaccount"] = map[string]any{"providers": []any{map[string]any{
			"provider": "openid_connect", "provider_id": "acme", "client_id": "client", "client_secret": "secret", "settings": settings,
		}}}
		server := startServer(t, config)
		base, err := url.Parse(server.url)
		if err != nil {
			t.Fatal(err)
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		response, err := browser.Get(server.url + "/_allauth/browser/v1/config")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // only the cookie counts
		form := url.Values{"provider": {"acme"}, "process": {"login"}, "callback_url": {"/done"}}
		for _, cookie := range jar.Cookies(base) {
			form.Set("csrfmiddlewaretoken", cookie.Value)
		}
		response, err = browser.PostForm(server.url+"/_allauth/browser/v1/auth/provider/redirect", form)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // only the redirect counts
		to, err := response.Location()
		if err != nil {
			t.Fatalf("status %s: %v", response.Status, err)
		}
		return to
	}
	to := redirect(map[string]any{"server_url": op.URL, "issuer": issuer, "form_post": true})
	if !strings.HasPrefix(to.String(), op.URL+"/authorize?") || to.Query().Get("response_mode") != "form_post" {
		t.Errorf("the browser is sent to %s", to)
	}
	if to := redirect(map[string]any{"server_url": op.URL}); to.Query().Get("error") == "" {
		t.Errorf("with an issuer that the file does not name the browser is sent to %s", to)
	}
}
