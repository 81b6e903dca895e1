package mfa_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/integration/teststore"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage/memstore"
)

// If the store cannot tell whether a user has a second factor, or cannot consume
// the code, the user is not logged in.
func TestAnOutageLogsNoUserIn(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store, every)
	_, a := withApp(t, s, clienttest.App, ann)
	c := trusting(t, s, a, ann)
	store.Break("^SELECT .*allauth_authenticators")
	c.Post("auth/login", body{"email": ann, "password": password}).Status(503)
	store.Mend()
	c.Get("auth/session").Status(401).Pending()

	s.Clock.Advance(time.Minute)
	c = passwordLogin(s, clienttest.App, ann)
	store.Break("^UPDATE allauth_authenticators")
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(503)
	c.Get("auth/session").Status(401).Pending("mfa_authenticate")
	store.Mend()
	c.Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
}

func TestAPasskeyIsAWayIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	passkey, second := newDevice(t, s), newDevice(t, s)
	keys, err := keyring.New([][]byte{clienttest.Secret}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"on": true, "off": false} {
		cfg := factors.WithDefaults((&mfa.Config{SupportedTypes: []mfa.Type{mfa.WebAuthn}, PasskeyLoginEnabled: want}))
		store := memstore.New()
		service, err := factors.New(cfg, store, &work.Deps{BaseURL: "http://localhost", Keys: keys, Tx: work.Transactor{Transactor: store}, Now: time.Now, Rand: rand.Reader}, nil, factors.Options{SiteName: "Example"})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			key  *device
			want bool
		}{{nil, false}, {second, false}, {passkey, want}} {
			if step.key != nil {
				key := imported(t, step.key)
				may := step.key == passkey
				key.Passwordless = &may
				if _, err := service.Import(t.Context(), "1", mfa.Imported{Key: key}); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := service.CanLogIn(t.Context(), "1", ""); err != nil || got != step.want {
				t.Errorf("passkeys %s: a way in: %v, %v, want %v", name, got, err, step.want)
			}
		}
	}
}

func TestEventNamesStay(t *testing.T) {
	t.Parallel()
	for event, want := range map[authn.EventDetails]string{
		mfa.AuthenticatorAdded{}: "mfa.authenticator_added", mfa.AuthenticatorRemoved{}: "mfa.authenticator_removed",
		mfa.AuthenticatorReset{}: "mfa.authenticator_reset", mfa.AuthenticatorUsed{}: "mfa.authenticator_used",
		mfa.AuthenticationFailed{}: "mfa.authentication_failed", mfa.KeyCloned{}: "mfa.key_cloned",
	} {
		if got := event.EventName(); got != want {
			t.Errorf("%T is named %s, want %s", event, got, want)
		}
	}
}
