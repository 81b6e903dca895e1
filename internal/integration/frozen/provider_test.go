package frozen_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// byToken logs in with an ID token of the provider.
func (s *site) byToken(c *clienttest.Client, subject, email string) *clienttest.Answer {
	s.t.Helper()
	claims := map[string]any{"sub": subject}
	if email != "" {
		claims["email"], claims["email_verified"] = email, true
	}
	token, err := s.op.IDToken(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	return c.Post("auth/provider/token", body{
		"provider": "op", "process": "login",
		"token": body{"client_id": "op", "id_token": token},
	})
}

// beginRedirect posts the form that starts a login at the provider and returns
// the redirect.
func (s *site) beginRedirect(c *clienttest.Client) string {
	s.t.Helper()
	return s.follow(c, http.MethodPost, c.URL("auth/provider/redirect"), url.Values{
		"provider": {"op"}, "process": {"login"}, "callback_url": {"/done"}, "csrfmiddlewaretoken": {c.Cookie("csrftoken")},
	})
}

// endRedirect selects a user at the provider and sends the callback.
func (s *site) endRedirect(c *clienttest.Client, authorize, name, email string) {
	s.t.Helper()
	form := url.Values{"name": {name}, "email": {email}, "verified": {"yes"}}
	callback := s.follow(s.client(browser), http.MethodPost, authorize, form)
	if landed := s.follow(c, http.MethodGet, callback, nil); landed != "/done" && landed != baseURL+"/done" {
		s.t.Fatalf("landed at %s", landed)
	}
}

// providerToken returns the stored access token of the user.
func (s *site) providerToken(userID string) string {
	s.t.Helper()
	source, err := s.Auth.ProviderToken(s.t.Context(), userID, "op")
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := source.Token()
	if err != nil {
		s.t.Fatal(err)
	}
	return token.AccessToken
}

// follow sends a request of a browser unchanged and returns the redirect.
func (s *site) follow(c *clienttest.Client, method, target string, form url.Values) string {
	s.t.Helper()
	request, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := *c.HTTP
	if !strings.HasPrefix(target, baseURL) {
		client.Transport = nil // the provider has an address
	}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		s.t.Fatal(err)
	}
	location := response.Header.Get("Location")
	if location == "" {
		s.t.Fatalf("%s %s: status %d, no Location", method, target, response.StatusCode)
	}
	return location
}

func itoa(id float64) string { return strconv.FormatFloat(id, 'f', 0, 64) }
