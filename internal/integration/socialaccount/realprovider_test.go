package socialaccount_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/realprovider"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage/memstore"
)

// startReal starts a server that trusts an independent OpenID provider.
func startReal(t *testing.T) (*world, *realprovider.Provider) {
	t.Helper()
	op := realprovider.Start(t)
	w := &world{t: t}
	w.Server = clienttest.StartOn(t, memstore.New(), func(cfg *allauth.Config) {
		op.Register("site", secret, cfg.BaseURL+"/_allauth/provider/real/callback")
		cfg.SocialAccount = &socialaccount.Config{
			RequestsTimeout: time.Second,
			Providers: []provider.App{{
				Provider: "openid_connect", ProviderID: "real", ClientID: "site", ClientSecret: secret,
				Settings: provider.Settings{ServerURL: op.Issuer, TokenAuthMethod: "client_secret_basic", Scopes: []string{"openid", "profile", "email"}},
			}},
		}
	})
	return w, op
}

// dance does all steps of a login at the provider, and returns the final
// redirect.
func (w *world) dance(c *clienttest.Client, process string) string {
	w.t.Helper()
	back := realprovider.Consent(w.t, w.begin(c, "real", process, "/done"))
	return w.comeBack(c, back.String())
}

func TestLoginAndConnectAtARealProvider(t *testing.T) {
	t.Parallel()
	w, op := startReal(t)
	first := w.Client(browser)
	if where := w.dance(first, "login"); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	first.Get("auth/session").LoggedIn("test-user2@zitadel.ch")
	op.ChangeKey(t, "second")
	again := w.Client(browser)
	if where := w.dance(again, "login"); where != "/done" {
		t.Fatalf("lands at %s after a change of keys", where)
	}
	if a, b := first.Get("auth/session").Value("data", "user", "id"), again.Get("auth/session").Value("data", "user", "id"); a != b {
		t.Errorf("two accounts, %v and %v", a, b)
	}
	other := w.owner("ann@example.org")
	if answer := other.Get("account/providers").Status(200).Value("data"); len(answer.([]any)) != 0 {
		t.Fatalf("connected to %v", answer)
	}
	ann := w.LogIn(browser, "ann@example.org")
	if where := w.dance(ann, "connect"); where != failed("/done", "connected_other", "connect") {
		t.Errorf("an account of another user is connected: %s", where)
	}
}

func TestConnectAtARealProvider(t *testing.T) {
	t.Parallel()
	w, _ := startReal(t)
	w.owner("ann@example.org")
	ann := w.LogIn(browser, "ann@example.org")
	if where := w.dance(ann, "connect"); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	if got := uids(ann); !slices.Equal(got, []string{"id2"}) {
		t.Fatalf("connected to %v", got)
	}
	c := w.Client(browser)
	if where := w.dance(c, "login"); where != "/done" {
		t.Fatalf("lands at %s", where)
	}
	c.Get("auth/session").LoggedIn("ann@example.org")
}

// An app sends the ID token that it got from the provider. Only such a token is
// accepted, and only while it is fresh.
func TestTokenOfARealProvider(t *testing.T) {
	t.Parallel()
	w, op := startReal(t)
	site, err := provider.New(provider.App{
		Provider: "openid_connect", ProviderID: "real", ClientID: "site", ClientSecret: secret,
		Settings: provider.Settings{ServerURL: op.Issuer, TokenAuthMethod: "client_secret_basic"},
	}, provider.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	request := provider.Authorization{State: "s", Nonce: "n", CodeVerifier: strings.Repeat("v", 43), RedirectURL: w.URL + "/_allauth/provider/real/callback"}
	address, err := site.AuthCodeURL(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := site.Exchange(t.Context(), provider.Callback{
		Values: realprovider.Consent(t, address).Query(), Nonce: "n", CodeVerifier: request.CodeVerifier, RedirectURL: request.RedirectURL,
	})
	if err != nil {
		t.Fatal(err)
	}
	idToken := identity.Token.Extra("id_token").(string)
	w.postToken(w.Client(app), "login", "real", "site", idToken[:len(idToken)-4]+"AAAA").Problems("token:invalid_token")
	w.postToken(w.Client(app), "login", "real", "site", identity.Token.AccessToken).Problems("token:invalid_token")
	w.postToken(w.Client(app), "login", "real", "site", idToken).Status(401).Pending("provider_signup") // it has no email address
	w.Clock.Advance(48 * time.Hour)
	w.postToken(w.Client(app), "login", "real", "site", idToken).Problems("token:invalid_token")
}

// A provider that is down delays no request: the browser is redirected to the
// page that it came from, and the error is logged.
func TestARealProviderGoesDown(t *testing.T) {
	t.Parallel()
	w, op := startReal(t)
	c := w.Client(browser)
	back := realprovider.Consent(t, w.begin(c, "real", "login", "/done"))
	op.Stop()
	if where := w.comeBack(c, back.String()); where != failed("/done", "unknown", "login") {
		t.Errorf("lands at %s", where)
	}
	status, location := w.do(c, http.MethodGet, w.URL+"/_allauth/provider/real/callback?code=x&state=y", nil)
	if status != http.StatusFound || location != w.errorPage() {
		t.Errorf("a made-up callback: %d, %s", status, location)
	}
	c.Get("auth/session").Status(401).Pending()
	if !w.Log.Contains("provider login failed") {
		t.Error("nothing is logged")
	}
}
