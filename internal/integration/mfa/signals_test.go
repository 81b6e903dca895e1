package mfa_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// Clients tell password managers which passkeys the account has. A wrong signal deletes
// passkeys of the user.

func signals(cfg *allauth.Config) {
	every(cfg)
	cfg.MFA.PasskeySignalsEnabled = true
}

// listedKeys returns the keys in the list of authenticators.
func listedKeys(c *clienttest.Client) []map[string]any {
	var keys []map[string]any
	list, _ := c.Get("account/authenticators").Status(200).JSON["data"].([]any)
	for _, item := range list {
		if members, _ := item.(map[string]any); members["type"] == "webauthn" {
			keys = append(keys, members)
		}
	}
	return keys
}

func TestTheListHasWhatSignalsNeed(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t, signals)
		c := s.SignUp(kind, ann)
		reauthenticate(c)
		named := newDevice(t, s)
		named.auth.Aaguid = [16]byte{0xea, 0x9b, 0x8d, 0x66, 0x4d, 0x01, 0x1d, 0x21, 0x3c, 0xe4, 0xb6, 0xb4, 0x8c, 0xb5, 0x75, 0xd4}
		named.auth.Options.BackupEligible, named.auth.Options.BackupState = true, true
		options, _ := creation(c.Get(keysPath + "?passwordless")).(map[string]any)
		user, _ := options["publicKey"].(map[string]any)["user"].(map[string]any)
		added := c.Post(keysPath, body{"credential": named.create(options)}).Status(200)
		c.Put(keysPath, body{"id": added.Value("data", "id"), "name": "Mine"}).Status(200)
		other := newDevice(t, s)
		other.auth.Aaguid = [16]byte{}
		c.Post(keysPath, body{"credential": other.create(creation(c.Get(keysPath)))}).Status(200)
		for i, want := range []map[string]any{
			{"credential_id": named.id(), "user_handle": user["id"], "rp_id": "localhost", "backed_up": true,
				"aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "aaguid_name": "Google Password Manager"},
			{"credential_id": other.id(), "user_handle": user["id"], "rp_id": "localhost", "backed_up": false, "aaguid": nil, "aaguid_name": nil},
		} {
			got := listedKeys(c)[i]
			for member, value := range want {
				if got[member] != value {
					t.Errorf("key %d: %s is %v, want %v", i, member, got[member], value)
				}
			}
		}
		if added.Value("data", "credential_id") != named.id() {
			t.Errorf("the new key: %s", added.Text)
		}

		// The names are those of data.user, which clients send as the user's details.
		session := c.Get("auth/session")
		if user["name"] != session.Value("data", "user", "email") || user["displayName"] != session.Value("data", "user", "display") {
			t.Errorf("the key has the names %v, the session %s", user, session.Text)
		}

		off := start(t)
		plain, _ := withKey(t, off, kind, ann, true)
		for _, member := range []string{"credential_id", "user_handle", "rp_id", "backed_up", "aaguid"} {
			if _, found := listedKeys(plain)[0][member]; found {
				t.Errorf("%s is in the list while signals are off", member)
			}
		}
	})
}

// The list is complete or absent: a key that cannot be read is not left out.
func TestNoListWithoutOneOfTheKeys(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	s := clienttest.StartOn(t, store, signals)
	c, _ := withKey(t, s, clienttest.App, ann, true)
	addKey(t, s, c, true)
	rows, err := store.AuthenticatorsByUser(t.Context(), userID(c))
	if err != nil {
		t.Fatal(err)
	}
	rows[0].Data = append([]byte{1}, rows[0].Data[1:len(rows[0].Data)-1]...)
	if err := store.UpdateAuthenticator(t.Context(), rows[0]); err != nil {
		t.Fatal(err)
	}
	if answer := c.Get("account/authenticators").Status(503); strings.Contains(answer.Text, "credential_id") {
		t.Errorf("a list: %s", answer.Text)
	}
}

const unknown = "credential:unknown_credential"

// A key that no user has gets a code of its own.
func TestAKeyThatNoUserHas(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := start(t, signals)
		c, d := withKey(t, s, kind, ann, true)
		kept := addKey(t, s, c, true)
		c.Delete(keysPath, body{"authenticators": []any{listedKeys(c)[0]["id"]}}).Status(200)
		login := func(d *device) *clienttest.Answer {
			other := s.Client(kind)
			return other.Post(loginPath, body{"credential": d.get(request(other.Get(loginPath)))})
		}
		login(d).Problems(unknown)
		login(kept).LoggedIn(ann)
		c.Post(reauthenticatePath, body{"credential": d.get(request(c.Get(reauthenticatePath)))}).Problems(unknown)
		pending := passwordLogin(s, kind, ann)
		pending.Post(authenticatePath, body{"credential": d.get(request(pending.Get(authenticatePath)))}).Problems(unknown)

		off := start(t)
		other := off.Client(kind)
		other.Post(loginPath, body{"credential": newDevice(t, off).get(request(other.Get(loginPath)))}).Problems("credential:incorrect_code")
	})
}

// failingStore fails to look up keys while it is broken.
type failingStore struct {
	storage.Store
	broken atomic.Bool
}

func (s *failingStore) AuthenticatorByClaim(ctx context.Context, claim string) (*mfa.Authenticator, error) {
	if s.broken.Load() {
		return nil, errors.New("the database has failed")
	}
	return s.Store.AuthenticatorByClaim(ctx, claim)
}

// Each other reason for which a response is refused has another code, or none: the key
// may be one of the user's.
func TestNoOtherRefusalSaysThatAKeyIsUnknown(t *testing.T) {
	t.Parallel()
	store := &failingStore{Store: memstore.New()}
	s := clienttest.StartOn(t, store, signals, setting(func(cfg *mfa.Config) { cfg.PasskeyUpgradeEnabled = true }))
	_, d := withKey(t, s, clienttest.App, ann, true)
	_, second := withKey(t, s, clienttest.App, bob, false)
	fresh := func() *device { return newDevice(t, s) }
	for name, try := range map[string]func(c *clienttest.Client) any{
		"a second factor": func(c *clienttest.Client) any { return second.get(request(c.Get(loginPath))) },
		"an expired challenge": func(c *clienttest.Client) any {
			answer := fresh().get(request(c.Get(loginPath)))
			s.Clock.Advance(map[clienttest.Kind]time.Duration{clienttest.App: 6 * time.Minute, clienttest.Browser: 61 * time.Minute}[c.Kind])
			return answer
		},
		"another challenge": func(c *clienttest.Client) any {
			answer := fresh().get(request(s.Client(c.Kind).Get(loginPath)))
			c.Get(loginPath)
			return answer
		},
		"another origin": func(c *clienttest.Client) any {
			elsewhere := fresh()
			elsewhere.rp.Origin = "http://localhost.example.org"
			return elsewhere.get(request(c.Get(loginPath)))
		},
		"another relying party": func(c *clienttest.Client) any {
			elsewhere := fresh()
			elsewhere.rp.ID = "example.org"
			return elsewhere.get(request(c.Get(loginPath)))
		},
		"a wrong signature": func(c *clienttest.Client) any {
			answer := d.get(request(c.Get(loginPath)))
			response, _ := answer["response"].(map[string]any)
			signature, _ := response["signature"].(string)
			response["signature"] = "AAAA" + signature[4:]
			return answer
		},
		"no response": func(*clienttest.Client) any { return body{"id": "x"} },
	} {
		for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
			c := s.Client(kind)
			if answer := c.Post(loginPath, body{"credential": try(c)}); answer.StatusCode != 400 || strings.Contains(answer.Text, "unknown_credential") {
				t.Errorf("%s, %s: %s", kind, name, answer.Text)
			}
		}
	}

	// A failure of the server, and a reached limit.
	c := s.Client(clienttest.Browser)
	store.broken.Store(true)
	if answer := c.Post(loginPath, body{"credential": fresh().get(request(c.Get(loginPath)))}).Status(503); strings.Contains(answer.Text, "unknown_credential") {
		t.Errorf("a failure: %s", answer.Text)
	}
	store.broken.Store(false)
	for range 10 {
		c.Post(loginPath, body{"credential": fresh().get(request(c.Get(loginPath)))}).Problems(unknown)
	}
	c.Post(loginPath, body{"credential": fresh().get(request(c.Get(loginPath)))}).Problems("credential:too_many_login_attempts")
}
