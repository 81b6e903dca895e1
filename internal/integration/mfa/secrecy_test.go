package mfa_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/storage/memstore"
)

func TestNothingSecretIsStoredInTheClear(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, every)
	c, a := withApp(t, s, clienttest.App, ann)
	d := addKey(t, s, c, true)
	rows, err := store.AuthenticatorsByUser(t.Context(), userID(c))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	secrets := append(codesOf(c), a.secret, string(d.key.ID), d.id(), string(d.auth.Options.UserHandle))
	for _, row := range rows {
		for _, secret := range secrets {
			if bytes.Contains(row.Data, []byte(secret)) || bytes.Contains([]byte(row.Claim), []byte(secret)) {
				t.Errorf("the row of type %s holds %q", row.Type, secret)
			}
		}
	}
}

// An attacker who can write to the database cannot add an authenticator of their
// own to a user.
func TestRowsCannotBeMoved(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, every)
	eve, a := withApp(t, s, clienttest.App, "eve@example.org")
	victim, _ := withApp(t, s, clienttest.App, ann)
	theirs, err := store.AuthenticatorsByUser(t.Context(), userID(eve))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := store.AuthenticatorsByUser(t.Context(), userID(victim))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i].Data, rows[i].Counter = theirs[i].Data, 0
		if err := store.UpdateAuthenticator(t.Context(), rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	s.Clock.Advance(time.Minute)
	passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": a.code(0)}).Status(503)
}

func TestASecretIsReplaced(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	older, newer := clienttest.Secret, []byte("fedcba9876543210fedcba9876543210")
	at := func(secrets ...[]byte) *clienttest.Server {
		return clienttest.StartOn(t, store, every, func(cfg *allauth.Config) { cfg.Secrets = secrets })
	}
	s := at(older)
	c, a := withApp(t, s, clienttest.App, ann)
	codes := codesOf(c)
	_, d := withKey(t, s, clienttest.App, bob, true)
	second := passwordLogin(s, clienttest.App, bob)
	second.Post(authenticatePath, body{"credential": d.get(request(second.Get(authenticatePath)))}).LoggedIn(bob)
	bobsCodes := codesOf(second)
	for i, secrets := range [][][]byte{{newer, older}, {newer}} {
		a.s = at(secrets...)
		a.s.Clock.Advance(time.Duration(i+1) * time.Minute)
		passwordLogin(a.s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
		d.rp.Origin = a.s.Config.BaseURL
		_, answer := passkeyLogin(a.s, d)
		answer.LoggedIn(bob)
	}
	// One use of one authenticator encrypted the others again as well.
	passwordLogin(a.s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": codes[0]}).LoggedIn(ann)
	passwordLogin(a.s, clienttest.App, bob).Post("auth/2fa/authenticate", body{"code": bobsCodes[0]}).LoggedIn(bob)
}
