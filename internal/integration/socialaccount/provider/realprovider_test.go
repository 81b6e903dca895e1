package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth/internal/integration/realprovider"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

const (
	realBack     = "http://127.0.0.1/callback"
	testState    = "the-state"
	testVerifier = "a-verifier-of-at-least-forty-three-characters-for-pkce"
)

// realOP is an independent implementation of an OpenID provider, with us as its
// client.
type realOP struct {
	*realprovider.Provider
	secret string
}

func startRealOP(t testing.TB) *realOP {
	t.Helper()
	p := &realOP{realprovider.Start(t), "secret"}
	p.Register("client", p.secret, realBack)
	return p
}

// provider returns our side, optionally with other scopes than the default ones.
func (p *realOP) provider(t testing.TB, deps provider.Deps, scopes ...string) provider.Provider {
	t.Helper()
	all := provider.Settings{ServerURL: p.Issuer, TokenAuthMethod: "client_secret_basic", Scopes: scopes}
	made, err := provider.New(provider.App{Provider: "openid_connect", ProviderID: "real", ClientID: "client", ClientSecret: p.secret, Settings: all}, deps)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// login does all steps of a login.
func (p *realOP) login(t testing.TB, ours provider.Provider, change func(*provider.Callback)) (*provider.Identity, error) {
	t.Helper()
	address, err := ours.AuthCodeURL(t.Context(), provider.Authorization{State: testState, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: realBack})
	if err != nil {
		t.Fatal(err)
	}
	c := provider.Callback{Values: realprovider.Consent(t, address).Query(), Nonce: "n", CodeVerifier: testVerifier, RedirectURL: realBack}
	if c.Values.Get("state") != testState {
		t.Fatalf("the provider answers %v", c.Values)
	}
	if change != nil {
		change(&c)
	}
	return ours.Exchange(t.Context(), c)
}

func TestRealProvider(t *testing.T) {
	t.Parallel()
	p := startRealOP(t)
	ours := p.provider(t, provider.Deps{}, "openid", "profile", "email", "offline_access")
	var used provider.Callback
	id, err := p.login(t, ours, func(c *provider.Callback) { used = *c })
	if err != nil || id.UID != "id2" || id.Username != "test-user2" || !slices.Equal(id.Emails, []provider.Email{{Address: "test-user2@zitadel.ch", Verified: true}}) {
		t.Fatalf("%v, %v", id, err)
	}
	if _, err := ours.Exchange(t.Context(), used); !errors.Is(err, provider.ErrInvalid) {
		t.Errorf("a code that was used: %v", err)
	}
	shown, err := ours.VerifyToken(t.Context(), provider.Tokens{IDToken: id.Token.Extra("id_token").(string)})
	if err != nil || shown.UID != "id2" {
		t.Errorf("the ID token shown by an app: %v, %v", shown, err)
	}
	fresh, err := ours.Refresh(t.Context(), id.Token)
	if err != nil || fresh.AccessToken == "" || fresh.AccessToken == id.Token.AccessToken || !fresh.Expiry.After(time.Now()) {
		t.Errorf("the renewed token is %v, %v", fresh, err)
	}
	if _, err := ours.Refresh(t.Context(), &oauth2.Token{RefreshToken: "made-up"}); !errors.Is(err, provider.ErrInvalid) {
		t.Errorf("a made-up refresh token: %v", err)
	}
}

// A provider that is asked to authenticate the user again returns auth_time.
func TestRealProviderAsksAgain(t *testing.T) {
	t.Parallel()
	p := startRealOP(t)
	ours := p.provider(t, provider.Deps{})
	begun := time.Now().Add(-time.Second)
	address, err := ours.AuthCodeURL(t.Context(), provider.Authorization{State: testState, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: realBack, Reauthenticate: true})
	if err != nil {
		t.Fatal(err)
	}
	id, err := ours.Exchange(t.Context(), provider.Callback{Values: realprovider.Consent(t, address).Query(), Nonce: "n", CodeVerifier: testVerifier, RedirectURL: realBack})
	if err != nil {
		t.Fatal(err)
	}
	said, _ := id.ExtraData["id_token"].(map[string]any)
	if seconds, err := said["auth_time"].(json.Number).Int64(); err != nil || time.Unix(seconds, 0).Before(begun.Truncate(time.Second)) {
		t.Errorf("asked at %v, %v", said["auth_time"], err)
	}
}

func TestRealProviderRefusals(t *testing.T) {
	t.Parallel()
	p := startRealOP(t)
	ours := p.provider(t, provider.Deps{})
	for name, change := range map[string]func(*provider.Callback){
		"another nonce":    func(c *provider.Callback) { c.Nonce = "other" },
		"no nonce":         func(c *provider.Callback) { c.Nonce = "" },
		"another verifier": func(c *provider.Callback) { c.CodeVerifier = strings.Repeat("x", 43) },
		"another redirect": func(c *provider.Callback) { c.RedirectURL = "http://127.0.0.1/elsewhere" },
		"another issuer":   func(c *provider.Callback) { c.Values.Set("iss", "https://evil.example.org") },
		"another code":     func(c *provider.Callback) { c.Values.Set("code", "made-up") },
		"two codes":        func(c *provider.Callback) { c.Values.Add("code", "made-up") },
	} {
		if id, err := p.login(t, ours, change); !errors.Is(err, provider.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
	p.secret = "wrong"
	wrong := p.provider(t, provider.Deps{})
	if _, err := p.login(t, wrong, nil); !errors.Is(err, provider.ErrInvalid) {
		t.Errorf("a wrong client secret: %v", err)
	}
}

// Clocks may differ by up to a minute; with a larger difference tokens are not
// valid yet, or have expired.
func TestRealProviderWithAnotherClock(t *testing.T) {
	t.Parallel()
	p := startRealOP(t)
	for off, want := range map[time.Duration]bool{-50 * time.Second: true, 50 * time.Second: true, -2 * time.Minute: false, 2 * time.Hour: false} {
		ours := p.provider(t, provider.Deps{Now: func() time.Time { return time.Now().Add(off) }})
		if id, err := p.login(t, ours, nil); (err == nil) != want || err != nil && !errors.Is(err, provider.ErrInvalid) {
			t.Errorf("our clock is off by %v: %v, %v", off, id, err)
		}
	}
}

func TestRealProviderChangesItsKeys(t *testing.T) {
	t.Parallel()
	p := startRealOP(t)
	ours := p.provider(t, provider.Deps{})
	for _, key := range []string{"second", "third"} {
		if _, err := p.login(t, ours, nil); err != nil {
			t.Fatal(err)
		}
		p.ChangeKey(t, key)
	}
	old, err := p.login(t, ours, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.ChangeKey(t, "third") // with the same id, as after a theft of the key
	if _, err := p.login(t, ours, nil); err != nil {
		t.Errorf("another key under the same id: %v", err)
	}
	if _, err := ours.VerifyToken(t.Context(), provider.Tokens{IDToken: old.Token.Extra("id_token").(string)}); !errors.Is(err, provider.ErrInvalid) {
		t.Errorf("a token of the key before: %v", err)
	}
	if asked := p.Asked(); asked["/.well-known/openid-configuration"] != 1 || asked["/keys"] != 5 {
		t.Errorf("asked for %v", asked)
	}
}

func TestRealProviderGoesDown(t *testing.T) {
	t.Parallel()
	p := startRealOP(t)
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	ours := p.provider(t, provider.Deps{Timeout: time.Second, Now: func() time.Time { return time.Unix(0, now.Load()) }})
	id, err := p.login(t, ours, nil)
	if err != nil {
		t.Fatal(err)
	}
	address, err := ours.AuthCodeURL(t.Context(), provider.Authorization{State: testState, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: realBack})
	if err != nil {
		t.Fatal(err)
	}
	values := realprovider.Consent(t, address).Query()
	p.Stop()
	if _, err := ours.Exchange(t.Context(), provider.Callback{Values: values, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: realBack}); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("exchange: %v", err)
	}
	shown := provider.Tokens{IDToken: id.Token.Extra("id_token").(string)}
	if _, err := ours.VerifyToken(t.Context(), shown); err != nil {
		t.Errorf("a token of a provider whose keys are known: %v", err)
	}
	now.Add(int64(25 * time.Hour))
	if _, err := ours.AuthCodeURL(t.Context(), provider.Authorization{}); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("a day later: %v", err)
	}
	if _, err := p.provider(t, provider.Deps{Timeout: time.Second}).VerifyToken(t.Context(), shown); !errors.Is(err, provider.ErrUnavailable) {
		t.Errorf("a server that starts meanwhile: %v", err)
	}
}

// A provider that accepts connections without answering delays requests for no
// longer than the timeout, however many wait for it.
func TestProviderThatHangs(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		<-release
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	ours, err := provider.New(provider.App{Provider: "openid_connect", ClientID: "client", Settings: provider.Settings{ServerURL: server.URL}}, provider.Deps{Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	const many = 50
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			if _, err := ours.AuthCodeURL(t.Context(), provider.Authorization{}); !errors.Is(err, provider.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
		})
	}
	wg.Wait()
	if asked.Load() >= many {
		t.Errorf("the provider was asked %d times", asked.Load())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ours.AuthCodeURL(gone, provider.Authorization{}); !errors.Is(err, provider.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("a client that went away: %v", err)
	}
}
