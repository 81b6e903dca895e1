package frozen_test

import (
	"encoding/json"
	"testing"

	"github.com/descope/virtualwebauthn"
)

// device is an authenticator with one key.
type device struct {
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

var relyingParty = virtualwebauthn.RelyingParty{ID: "app.example.com", Name: "Example", Origin: baseURL}

// newDevice draws a key. The library drops leading zeros of the coordinates of
// its points, which no authenticator does.
func newDevice() *device {
	for {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(key.Key.AttestationData()) == 77 {
			return &device{virtualwebauthn.NewAuthenticator(), key}
		}
	}
}

// device returns the authenticator that was held.
func (h *held) device() *device {
	d := &device{virtualwebauthn.NewAuthenticator(), *h.Key}
	d.auth.Options.UserHandle = h.Handle
	return d
}

// held returns the device and what it was asked.
func (d *device) held(email string, options any) held {
	text, err := json.Marshal(options)
	if err != nil {
		panic(err) // it was JSON
	}
	return held{Email: email, Key: &d.key, Handle: d.auth.Options.UserHandle, Options: text}
}

// create answers creation options.
func (d *device) create(t *testing.T, options any) map[string]any {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(marshal(t, options))
	if err != nil {
		t.Fatalf("%v: %s", err, marshal(t, options))
	}
	d.auth.Options.UserHandle = []byte(parsed.UserID)
	return unmarshal(t, virtualwebauthn.CreateAttestationResponse(relyingParty, d.auth, d.key, *parsed))
}

// get answers request options.
func (d *device) get(t *testing.T, options any) map[string]any {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(marshal(t, options))
	if err != nil {
		t.Fatalf("%v: %s", err, marshal(t, options))
	}
	return unmarshal(t, virtualwebauthn.CreateAssertionResponse(relyingParty, d.auth, d.key, *parsed))
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func unmarshal(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
