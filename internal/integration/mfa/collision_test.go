package mfa_test

import (
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/teststore"
)

// Collisions of transactions do not affect users: no code and no response of a
// key is lost.
func TestCollisionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	store := teststore.OpenFaulty(t)
	s := clienttest.StartOn(t, store, every)
	store.Collide()
	c, a := withApp(t, s, clienttest.App, ann)
	passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": a.code(0)}).LoggedIn(ann)
	passwordLogin(s, clienttest.App, ann).Post("auth/2fa/authenticate", body{"code": codesOf(c)[0]}).LoggedIn(ann)
	s.Clock.Advance(time.Minute)
	c.Post("auth/2fa/reauthenticate", body{"code": a.code(0)}).Status(200)
	c.Post(recoveryPath, nil).Status(200)

	d := addKey(t, s, c, true)
	other := s.Client(clienttest.App)
	other.Post(loginPath, body{"credential": d.get(request(other.Get(loginPath)))}).LoggedIn(ann)
	browser := s.Client(clienttest.Browser)
	browser.Post(loginPath, body{"credential": d.get(request(browser.Get(loginPath)))}).LoggedIn(ann)
	second := passwordLogin(s, clienttest.App, ann)
	second.Post(authenticatePath, body{"credential": d.get(request(second.Get(authenticatePath)))}).LoggedIn(ann)
	c.Put(keysPath, body{"id": keyIDs(c)[0], "name": "Blue"}).Status(200)
	c.Delete(keysPath, body{"authenticators": keyIDs(c)}).Status(200)
	c.Delete("account/authenticators/totp", nil).Status(200)

	new := signingUp(s, bob)
	new.Put(signupPath, body{"credential": newDevice(t, s).create(creation(new.Get(signupPath)))}).LoggedIn(bob)
	if store.Collisions() < 16 {
		t.Errorf("only %d kinds of writes collided", store.Collisions())
	}
}
