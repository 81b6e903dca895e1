package mfa_test

import (
	"net/http"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// A page requests the options of a passkey when it is loaded, in a browser
// without a session, and the response arrives after the user has logged in with a
// password: the login stays.
func TestLateOptionsOfAPasskeyUndoNoLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	withKey(t, s, clienttest.App, bob, true)
	c := s.Client(clienttest.Browser)
	c.Get("config").Status(200)
	late := c.AnswerLate(http.MethodGet, loginPath, nil)
	c.Post("auth/login", body{"email": bob, "password": password}).Status(401).Pending("mfa_authenticate")
	waiting := c.Cookie("sessionid")
	late.Deliver().Status(200)
	if c.Cookie("sessionid") != waiting {
		t.Error("the options replaced the session")
	}
	c.Get("auth/session").Status(401).Pending("mfa_authenticate")
}

// The challenge is valid in the browser that requested it, once, and leaves no
// cookie.
func TestAChallengeOfABrowserWithoutASession(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, d := withKey(t, s, clienttest.App, ann, true)
	c, other := s.Client(clienttest.Browser), s.Client(clienttest.Browser)
	answer := d.get(request(c.Get(loginPath)))
	if c.Cookie("sessionid") != "" {
		t.Error("the options made a session")
	}
	other.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
	other.Get(loginPath).Status(200) // replaces only its own
	sent := c.Cookie("mfa_passkey")
	c.Post(loginPath, body{"credential": answer}).LoggedIn(ann)
	if c.Cookie("mfa_passkey") != "" {
		t.Error("the cookie is left")
	}
	other.SetCookie("mfa_passkey", sent)
	other.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
}

// A page that is loaded again and again does not reach the limit: each request
// replaces the options of the one before.
func TestAskingAgainForAPasskeyIsNotLimited(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"request_passkey": "2/m/ip"} })
	_, d := withKey(t, s, clienttest.App, ann, true)
	c := s.Client(clienttest.Browser)
	first := d.get(request(c.Get(loginPath)))
	for range 5 {
		c.Get(loginPath).Status(200)
	}
	c.Post(loginPath, body{"credential": first}).Problems("credential:incorrect_code")
	c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
	other := c.Neighbor()
	other.Get(loginPath).Status(429)
}
