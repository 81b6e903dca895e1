package mfa_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// Pages request the options of a passkey when they load, for the autofill of the browser,
// whether or not a user logs in.

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

// The challenge is valid in the browser that requested it, once.
func TestAPasskeyChallengeBelongsToOneBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, d := withKey(t, s, clienttest.App, ann, true)
	c, other, app := s.Client(clienttest.Browser), s.Client(clienttest.Browser), s.Client(clienttest.App)
	answer := d.get(request(c.Get(loginPath)))
	if c.Cookie("sessionid") != "" {
		t.Error("the options made a session")
	}
	other.Get(loginPath).Status(200)
	other.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
	app.Get(loginPath).Status(200)
	app.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
	app.SetCookie("mfa_passkey", c.Cookie("mfa_passkey"))
	app.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
	c.Post(loginPath, body{"credential": d.get(request(app.Get(loginPath)))}).Problems("credential:incorrect_code")
	c.Post(loginPath, body{"credential": answer}).LoggedIn(ann)
	c.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
	other.SetCookie("mfa_passkey", c.Cookie("mfa_passkey"))
	other.Post(loginPath, body{"credential": answer}).Problems("credential:incorrect_code")
}

// A page stays open while the user does other things in the same browser. Its options
// are valid for an hour.
func TestPasskeyOptionsOutliveThePage(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) { cfg.Account.LoginByCode = &account.LoginByCodeConfig{} })
	_, d := withKey(t, s, clienttest.App, ann, true)
	s.SignUp(clienttest.App, bob)
	c := s.Client(clienttest.Browser)
	open := func(tab *clienttest.Client) any { return request(tab.Get(loginPath)) }
	page := open(c)
	c.Post("auth/login", body{"email": bob, "password": password + "!"}).Status(400)
	c.Post("auth/code/request", body{"email": bob}).Status(401).Pending("login_by_code")
	c.Post(loginPath, body{"credential": d.get(page)}).LoggedIn(ann)

	tab := c.Tab()
	c.Delete("auth/session", nil).Status(401)
	first, second := open(c), open(tab)
	c.Post("auth/login", body{"email": bob, "password": password}).LoggedIn(bob)
	c.Delete("auth/session", nil).Status(401)
	s.Clock.Advance(time.Hour)
	tab.Post(loginPath, body{"credential": d.get(second)}).LoggedIn(ann)
	c.Delete("auth/session", nil).Status(401)
	s.Clock.Advance(time.Second)
	c.Post(loginPath, body{"credential": d.get(first)}).Problems("credential:incorrect_code")
}

// Views of a page cost nothing: no limit counts them, and nothing is stored.
func TestViewsOfALoginPageStoreNothing(t *testing.T) {
	t.Parallel()
	store := &countingStore{Store: clienttest.Open(t)}
	s := clienttest.StartOn(t, store, every, func(cfg *allauth.Config) { cfg.RateLimits = map[string]string{"request_passkey": "2/m/ip"} })
	_, d := withKey(t, s, clienttest.App, ann, true)
	c := s.Client(clienttest.Browser)
	before := store.writes.Load()
	first := d.get(request(c.Get(loginPath)))
	for range 5 {
		c.Get(loginPath).Status(200)
		c.Neighbor().Get(loginPath).Status(200)
	}
	if n := store.writes.Load() - before; n != 0 {
		t.Errorf("the views stored %d rows", n)
	}
	c.Post(loginPath, body{"credential": first}).LoggedIn(ann)
	if n := store.challenges.Load(); n != 1 {
		t.Errorf("the login stored %d challenges, want the used one", n)
	}
	app := s.Client(clienttest.App)
	for range 2 {
		app.Neighbor().Get(loginPath).Status(200)
	}
	app.Neighbor().Get(loginPath).Status(429) // an app's are stored
}

// countingStore counts rows that are created. challenges counts those of used challenges.
type countingStore struct {
	storage.Store
	writes, challenges atomic.Int64
	// broken makes transactions fail when they end.
	broken atomic.Bool
}

func (s *countingStore) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	s.writes.Add(1)
	if c.Purpose == "mfa.webauthn.spent" {
		s.challenges.Add(1)
	}
	return s.Store.CreateChallenge(ctx, c)
}

func (s *countingStore) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	s.writes.Add(1)
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := f(ctx); err != nil || !s.broken.Load() {
			return err
		}
		return errors.New("the database has failed")
	})
}

// A response that is refused consumes its challenge. One that the server could not
// handle does not.
func TestWhatConsumesASignedChallenge(t *testing.T) {
	t.Parallel()
	store := &countingStore{Store: memstore.New()}
	s := clienttest.StartOn(t, store, every)
	_, d := withKey(t, s, clienttest.App, ann, true)
	c := s.Client(clienttest.Browser)
	options := request(c.Get(loginPath))
	d.auth.Options.UserNotVerified = true
	c.Post(loginPath, body{"credential": d.get(options)}).Problems("credential:incorrect_code")
	d.auth.Options.UserNotVerified = false
	c.Post(loginPath, body{"credential": d.get(options)}).Problems("credential:incorrect_code")

	answer := d.get(request(c.Get(loginPath)))
	store.broken.Store(true)
	c.Post(loginPath, body{"credential": answer}).Status(503)
	store.broken.Store(false)
	c.Post(loginPath, body{"credential": answer}).LoggedIn(ann)
}

// Only the server can make a challenge.
func TestSignedChallengesCannotBeForged(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, d := withKey(t, s, clienttest.App, ann, true)
	c := s.Client(clienttest.Browser)
	options, _ := request(c.Get(loginPath)).(map[string]any)
	key, _ := options["publicKey"].(map[string]any)
	challenge, _ := key["challenge"].(string)
	text, err := base64.RawURLEncoding.DecodeString(challenge)
	if err != nil || len(text) < 64 {
		t.Fatalf("challenge %q: %v", challenge, err)
	}
	for name, forged := range map[string][]byte{
		"changed": append([]byte{text[0] ^ 1}, text[1:]...), "cut": text[:len(text)-1], "random": text[:32],
		"of the cookie": []byte(c.Cookie("mfa_passkey")), "of a CSRF token": []byte(c.Cookie("csrftoken")),
	} {
		key["challenge"] = base64.RawURLEncoding.EncodeToString(forged)
		answer := c.Post(loginPath, body{"credential": d.get(options)})
		if answer.StatusCode != 400 {
			t.Errorf("%s: %s", name, answer.Text)
		}
	}
	cookie := c.Cookie("mfa_passkey")
	key["challenge"] = challenge
	for _, wrong := range []string{"", "x", "x.y", cookie[:len(cookie)-1]} {
		c.SetCookie("mfa_passkey", wrong)
		c.Post(loginPath, body{"credential": d.get(options)}).Problems("credential:incorrect_code")
	}
	c.SetCookie("mfa_passkey", cookie)
	s.Clock.Advance(clienttest.NextTries)
	c.Post(loginPath, body{"credential": d.get(options)}).LoggedIn(ann)
}

// Another site on the same secrets has another relying party.
func TestASignedChallengeBelongsToOneRelyingParty(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, every)
	_, d := withKey(t, s, clienttest.App, ann, true)
	other := clienttest.StartOn(t, store, every, setting(func(cfg *mfa.Config) {
		cfg.WebAuthnRPID, cfg.WebAuthnOrigins = "app.localhost", []string{"https://app.localhost"}
	}))
	c, elsewhere := s.Client(clienttest.Browser), other.Client(clienttest.Browser)
	elsewhere.Get(loginPath).Status(200)
	c.SetCookie("mfa_passkey", elsewhere.Cookie("mfa_passkey"))
	options, _ := request(elsewhere.Get(loginPath)).(map[string]any)
	options["publicKey"].(map[string]any)["rpId"] = "localhost"
	c.Post(loginPath, body{"credential": d.get(options)}).Problems("credential:incorrect_code")
	c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
}

// Of concurrent responses to one signed challenge one logs in.
func TestOneSignedChallengeManyTimesAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, store storage.Store) {
		s := clienttest.StartOn(t, store, every, clienttest.Unlimited)
		_, d := withKey(t, s, clienttest.App, ann, true)
		c := s.Client(clienttest.Browser)
		answer := d.get(request(c.Get(loginPath)))
		c.Get("config").Status(200)
		clients := make([]*clienttest.Client, 32)
		for i := range clients {
			clients[i] = c.Clone()
		}
		if won := winners(len(clients), func(i int) *clienttest.Answer { return clients[i].Post(loginPath, body{"credential": answer}) }); won != 1 {
			t.Errorf("%d logins by one challenge", won)
		}
	})
}
