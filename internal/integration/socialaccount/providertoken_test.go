package socialaccount_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"golang.org/x/oauth2"
)

// renewing is a provider whose tokens can be refreshed, each refresh token once.
type renewing struct {
	redirectOnly
	clock   func() time.Time
	renewed atomic.Int64
	// refusal is the error of refreshes, if any; during runs meanwhile.
	refusal error
	during  func()
}

func (*renewing) Info() provider.Info {
	return provider.Info{ID: "renewing", Class: "renewing", Name: "Renewing", Token: true}
}

func (r *renewing) VerifyToken(_ context.Context, t provider.Tokens) (*provider.Identity, error) {
	return &provider.Identity{
		UID: t.AccessToken, Emails: []provider.Email{{Address: t.AccessToken + "@example.org", Verified: true}},
		Token: &oauth2.Token{AccessToken: "access-0", RefreshToken: "refresh-0", Expiry: r.clock().Add(time.Hour)},
	}, nil
}

func (r *renewing) Refresh(_ context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	if r.during != nil {
		r.during()
	}
	if r.refusal != nil {
		return nil, r.refusal
	}
	n := r.renewed.Add(1)
	if t.RefreshToken != fmt.Sprintf("refresh-%d", n-1) {
		r.renewed.Add(-1)
		return nil, errors.New("refresh token was used before")
	}
	return &oauth2.Token{
		AccessToken: fmt.Sprintf("access-%d", n), RefreshToken: fmt.Sprintf("refresh-%d", n), Expiry: r.clock().Add(time.Hour),
	}, nil
}

// withTokens starts a server that stores tokens, and logs a user in. The host has
// wrapped the provider, which must make no difference.
func withTokens(t *testing.T, store storage.Store, keep bool) (*world, *renewing, string) {
	t.Helper()
	r := &renewing{}
	w := startOn(t, store, func(cfg *allauth.Config) {
		r.clock = cfg.Now
		cfg.SocialAccount.StoreTokens = keep
		cfg.SocialAccount.Custom = append(cfg.SocialAccount.Custom, struct{ provider.Provider }{r})
	})
	c := w.Client(app)
	answer := c.Post("auth/provider/token", body{"provider": "renewing", "process": "login", "token": body{"access_token": "ann"}})
	answer.LoggedIn("ann@example.org")
	_, rest, _ := strings.Cut(answer.Text, `"id":`)
	id, _, _ := strings.Cut(rest, ",")
	return w, r, id
}

func TestProviderTokenRenewsItself(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w, _, id := withTokens(t, store, true)
		source, err := w.Auth.ProviderToken(t.Context(), id, "renewing")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"access-0", "access-0", "access-1", "access-1"} {
			token, err := source.Token()
			if err != nil || token.AccessToken != want {
				t.Fatalf("token %v, error %v, want %s", token, err, want)
			}
			if want == "access-0" {
				w.Clock.Advance(40 * time.Minute)
			}
		}
		kept, err := store.SocialAccount(t.Context(), "renewing", "ann")
		if err != nil {
			t.Fatal(err)
		}
		if text := string(kept.Token); strings.Contains(text, "access") || strings.Contains(text, "refresh") {
			t.Fatal("the token lies open in the store")
		}
	})
}

func TestProviderTokensAreRenewedOnce(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w, r, id := withTokens(t, store, true)
		w.Clock.Advance(2 * time.Hour)
		var good atomic.Int64
		clienttest.Parallel(16, func(int) {
			source, err := w.Auth.ProviderToken(t.Context(), id, "renewing")
			if err != nil {
				return
			}
			if token, err := source.Token(); err == nil && token.AccessToken == "access-1" {
				good.Add(1)
			}
		})
		source, err := w.Auth.ProviderToken(t.Context(), id, "renewing")
		if err != nil {
			t.Fatal(err)
		}
		token, err := source.Token()
		if err != nil || token.AccessToken != "access-1" || r.renewed.Load() != 1 || good.Load() != 16 {
			t.Fatalf("token %v, error %v, renewed %d times, %d got it", token, err, r.renewed.Load(), good.Load())
		}
	})
}

// The client may disconnect before the provider answers; the old refresh token is
// consumed all the same.
func TestRenewedTokensAreStoredAfterADisconnect(t *testing.T) {
	t.Parallel()
	w, r, id := withTokens(t, memstore.New(), true)
	w.Clock.Advance(2 * time.Hour)
	gone, cancel := context.WithCancel(t.Context())
	r.during = cancel
	source, err := w.Auth.ProviderToken(gone, id, "renewing")
	if err != nil {
		t.Fatal(err)
	}
	if token, err := source.Token(); err != nil || token.AccessToken != "access-1" {
		t.Fatalf("token %v, error %v", token, err)
	}
	if source, err = w.Auth.ProviderToken(t.Context(), id, "renewing"); err != nil {
		t.Fatal(err)
	}
	if token, err := source.Token(); err != nil || token.AccessToken != "access-1" || r.renewed.Load() != 1 {
		t.Fatalf("token %v, error %v, renewed %d times", token, err, r.renewed.Load())
	}
}

// A user who withdrew the consent has to log in again; a user whose provider is
// down has to wait.
func TestRefusedRenewals(t *testing.T) {
	t.Parallel()
	w, r, id := withTokens(t, memstore.New(), true)
	w.Clock.Advance(2 * time.Hour)
	source, err := w.Auth.ProviderToken(t.Context(), id, "renewing")
	if err != nil {
		t.Fatal(err)
	}
	for refusal, ended := range map[error]bool{provider.ErrInvalid: true, provider.ErrTokenUnsupported: true, provider.ErrUnavailable: false} {
		r.refusal = refusal
		if _, err := source.Token(); !errors.Is(err, refusal) || errors.Is(err, socialaccount.ErrTokenExpired) != ended {
			t.Errorf("%v: error %v", refusal, err)
		}
	}
}

func TestTokensAreNotKeptUnasked(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, store storage.Store) {
		w, _, id := withTokens(t, store, false)
		if _, err := w.Auth.ProviderToken(t.Context(), id, "renewing"); !errors.Is(err, authn.ErrNotFound) {
			t.Fatalf("error %v", err)
		}
	})
}

func TestExpiredTokenThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	w := start(t, withSocial(func(cfg *socialaccount.Config) { cfg.StoreTokens = true }))
	c := w.Client(browser)
	w.through(c, "login", userForm("Ann", "ann@example.org"))
	_, rest, _ := strings.Cut(c.Get("auth/session").Text, `"id":`)
	id, _, _ := strings.Cut(rest, ",")
	source, err := w.Auth.ProviderToken(t.Context(), id, "op")
	if err != nil {
		t.Fatal(err)
	}
	if token, err := source.Token(); err != nil || token.AccessToken == "" {
		t.Fatalf("token %v, error %v", token, err)
	}
	w.Clock.Advance(time.Hour)
	if _, err := source.Token(); !errors.Is(err, socialaccount.ErrTokenExpired) {
		t.Fatalf("error %v", err)
	}
}
