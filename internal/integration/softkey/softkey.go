// Package softkey is a software authenticator with one passkey, for tests.
package softkey

import (
	"encoding/json"
	"testing"

	"github.com/descope/virtualwebauthn"
)

// Key is a passkey of the relying party localhost.
type Key struct {
	party virtualwebauthn.RelyingParty
	auth  virtualwebauthn.Authenticator
	key   virtualwebauthn.Credential
}

// New returns a passkey that pages of the origin use.
func New(origin string) *Key {
	k := &Key{party: virtualwebauthn.RelyingParty{ID: "localhost", Origin: origin}, auth: virtualwebauthn.NewAuthenticator()}
	// The library drops leading zeros of coordinates, which authenticators do not.
	for k.key.Key == nil || len(k.key.Key.AttestationData()) != 77 {
		k.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return k
}

// Create returns the response to creation options, as JSON.
func (k *Key) Create(t testing.TB, options any) string {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAttestationOptions(encode(t, options))
	if err != nil {
		t.Fatal(err)
	}
	k.auth.Options.UserHandle = []byte(parsed.UserID)
	return virtualwebauthn.CreateAttestationResponse(k.party, k.auth, k.key, *parsed)
}

// Get returns the response to request options, as JSON.
func (k *Key) Get(t testing.TB, options any) string {
	t.Helper()
	parsed, err := virtualwebauthn.ParseAssertionOptions(encode(t, options))
	if err != nil {
		t.Fatal(err)
	}
	return virtualwebauthn.CreateAssertionResponse(k.party, k.auth, k.key, *parsed)
}

func encode(t testing.TB, options any) string {
	t.Helper()
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
