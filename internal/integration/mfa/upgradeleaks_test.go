package mfa_test

import (
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
)

// The passkey of an upgrade that moves to another installation before its first login is
// no second factor there either.
func TestASilentPasskeyMoves(t *testing.T) {
	t.Parallel()
	s := start(t, upgrades)
	c, d := upgraded(t, s, clienttest.App, ann)
	exported, err := s.Auth.ExportAuthenticators(t.Context(), userID(c))
	if err != nil || len(exported) != 1 || !exported[0].Unconfirmed {
		t.Fatalf("exported %+v, %v", exported, err)
	}
	elsewhere := start(t, upgrades)
	owner := elsewhere.SignUp(clienttest.App, ann)
	if _, err := elsewhere.Auth.ImportAuthenticator(t.Context(), userID(owner), exported[0]); err != nil {
		t.Fatal(err)
	}
	elsewhere.LogIn(clienttest.App, ann) // the password is enough
	d.rp = newDevice(t, elsewhere).rp
	c = elsewhere.Client(clienttest.App)
	c.Post(loginPath, body{"credential": d.get(request(c.Get(loginPath)))}).LoggedIn(ann)
	passwordLogin(elsewhere, clienttest.App, ann)
	exported, err = elsewhere.Auth.ExportAuthenticators(t.Context(), userID(c))
	if err != nil || len(exported) != 2 || exported[0].Unconfirmed {
		t.Errorf("exported after the first login: %+v, %v", exported, err)
	}

	other := userID(elsewhere.SignUp(clienttest.App, bob))
	no := false
	second := imported(t, newDevice(t, s))
	second.Passwordless = &no
	for name, in := range map[string]mfa.Imported{
		"an app":                          {Secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", Unconfirmed: true},
		"a key that is only a second one": {Key: second, Unconfirmed: true},
	} {
		if _, err := elsewhere.Auth.ImportAuthenticator(t.Context(), other, in); err == nil {
			t.Errorf("%s was imported unconfirmed", name)
		}
	}
}

// A login that waits has not completed: it gets no passkey without the user.
func TestNoUpgradeBeforeTheLoginIsComplete(t *testing.T) {
	t.Parallel()
	s, rule := startRequiring(t, upgrades)
	s.SignUp(clienttest.App, ann)
	rule.on.Store(true)
	c := byPassword(s, clienttest.App, ann)
	c.Get(upgradePath).Status(409)
	c.Get(keysPath + "?passwordless").Status(200)
}

// A session has one upgrade, also if it gets a new token meanwhile.
func TestOneUpgradeUnderANewToken(t *testing.T) {
	t.Parallel()
	for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
		s := start(t, upgrades)
		c, _ := upgraded(t, s, kind, ann)
		c.Post("account/password/change", body{"current_password": password, "new_password": password + "!"}).Status(200)
		c.Get(upgradePath).Status(409)
	}
}
