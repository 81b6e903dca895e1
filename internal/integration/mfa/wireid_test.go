package mfa_test

import (
	"context"
	"math"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage"
)

// farStore is a database whose ids have 64 bits. All ids have the same remainder, so
// that they get the same id on the wire unless others are taken into account.
type farStore struct{ storage.Store }

func far(id int64) int64  { return id*math.MaxInt32 + 7 }
func near(id int64) int64 { return (id - 7) / math.MaxInt32 }

func (s farStore) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (int64, error) {
	id, err := s.Store.CreateAuthenticator(ctx, a)
	return far(id), err
}

func (s farStore) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	list, err := s.Store.AuthenticatorsByUser(ctx, userID)
	for i := range list {
		list[i].ID = far(list[i].ID)
	}
	return list, err
}

func (s farStore) AuthenticatorByClaim(ctx context.Context, claim string) (*mfa.Authenticator, error) {
	a, err := s.Store.AuthenticatorByClaim(ctx, claim)
	if a != nil {
		a.ID = far(a.ID)
	}
	return a, err
}

func (s farStore) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	a.ID = near(a.ID)
	return s.Store.UpdateAuthenticator(ctx, a)
}

func (s farStore) DeleteAuthenticator(ctx context.Context, userID string, id int64) error {
	return s.Store.DeleteAuthenticator(ctx, userID, near(id))
}

// keysByName returns the ids of the user's keys.
func keysByName(c *clienttest.Client) map[string]float64 {
	ids := map[string]float64{}
	list, _ := c.Get("account/authenticators").Status(200).JSON["data"].([]any)
	for _, item := range list {
		if members, _ := item.(map[string]any); members["type"] == "webauthn" {
			ids[members["name"].(string)], _ = members["id"].(float64)
		}
	}
	return ids
}

// Generated clients read ids into 32 bits. Each key has one that fits, by which
// it is renamed and removed, and no other key is.
func TestKeysOfADatabaseWithLargeIDs(t *testing.T) {
	t.Parallel()
	s := clienttest.StartOn(t, farStore{clienttest.Open(t)}, every)
	c := s.SignUp(clienttest.Browser, ann)
	reauthenticate(c)
	ids := map[string]float64{}
	for _, name := range []string{"first", "second", "third"} {
		added := c.Post(keysPath, body{"name": name, "credential": newDevice(t, s).create(creation(c.Get(keysPath)))}).Status(200)
		ids[name], _ = added.Value("data", "id").(float64)
	}
	if keys := keysByName(c); len(keys) != 3 || keys["first"] != ids["first"] || keys["second"] != ids["second"] || keys["third"] != ids["third"] {
		t.Fatalf("the keys were added as %v and are listed as %v", ids, keys)
	}
	for name, id := range ids {
		if id < 1 || id > math.MaxInt32 {
			t.Errorf("the id %.0f of the %s key does not fit into 32 bits", id, name)
		}
	}
	c.Put(keysPath, body{"id": ids["second"], "name": "renamed"}).Status(200)
	c.Delete(keysPath, body{"authenticators": []any{ids["second"]}}).Status(200)
	if keys := keysByName(c); len(keys) != 2 || keys["first"] == 0 || keys["third"] == 0 {
		t.Errorf("after the renamed key was removed: %v", keys)
	}
	c.Delete(keysPath, body{"authenticators": []any{far(1)}}).Problems("authenticators:invalid_choice")
}

// The method of a login tells which key was used, by the same id.
func TestTheMethodNamesAKeyOfLargeID(t *testing.T) {
	t.Parallel()
	s := clienttest.StartOn(t, farStore{clienttest.Open(t)}, every)
	c := s.SignUp(clienttest.App, ann)
	reauthenticate(c)
	d := addKey(t, s, c, true)
	key := keysByName(c)["Master key"]
	again := s.Client(clienttest.App)
	answer := again.Post(loginPath, body{"credential": d.get(request(again.Get(loginPath)))}).LoggedIn(ann)
	methods, _ := answer.Value("data", "methods").([]any)
	if last := methods[len(methods)-1].(map[string]any); key == 0 || last["id"] != key {
		t.Errorf("the method %v of the key %v", last, key)
	}
}
