package webauthn_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/allauth-go/allauth/mfa/webauthn"
)

// hexBytes is binary data that is hexadecimal text in JSON.
type hexBytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// vector is one of the test vectors of WebAuthn Level 3, §16: a registration and an
// authentication by the same key.
type vector struct {
	Name         string
	Registration struct {
		Challenge, ClientDataJSON, AttestationObject hexBytes
		CredentialID                                 hexBytes `json:"credential_id"`
	}
	Authentication struct{ Challenge, ClientDataJSON, AuthenticatorData, Signature hexBytes }
}

// Why vectors are refused: frames are, and so are algorithms that options do not list.
var refusedVectors = []string{"none-es256-crossOrigin", "none-es256-topOrigin", "packed-ed448"}

func vectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/w3c.json")
	var list []vector
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil || len(list) != 15 {
		t.Fatalf("%d vectors, %v", len(list), err)
	}
	return list
}

func (v vector) register(rp *webauthn.RelyingParty) (*webauthn.Credential, error) {
	in := v.Registration
	r, err := webauthn.ParseRegistration(answerOf(in.CredentialID, map[string][]byte{"clientDataJSON": in.ClientDataJSON, "attestationObject": in.AttestationObject}, ""))
	if err != nil {
		return nil, err
	}
	key, _, err := rp.Register(r, in.Challenge, user, webauthn.SecondFactor)
	return key, err
}

func (v vector) assert(rp *webauthn.RelyingParty, key *webauthn.Credential, verify bool) error {
	in := v.Authentication
	a, err := webauthn.ParseAssertion(answerOf(v.Registration.CredentialID, map[string][]byte{
		"clientDataJSON": in.ClientDataJSON, "authenticatorData": in.AuthenticatorData, "signature": in.Signature,
	}, ""))
	if err == nil {
		_, _, err = rp.Assert(a, in.Challenge, *key, 0, verify)
	}
	return err
}

func w3cParty(t *testing.T) *webauthn.RelyingParty {
	t.Helper()
	rp, err := webauthn.New(webauthn.Config{RPID: "example.org", Origins: []string{"https://example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	return rp
}

// The test vectors of the W3C are accepted, and verify their user if they say so.
func TestVectorsOfTheW3C(t *testing.T) {
	t.Parallel()
	rp := w3cParty(t)
	for _, v := range vectors(t) {
		key, err := v.register(rp)
		if slices.Contains(refusedVectors, v.Name) {
			if !errors.Is(err, webauthn.ErrRejected) {
				t.Errorf("%s was accepted: %v", v.Name, err)
			}
			continue
		}
		if err != nil || !bytes.Equal(key.ID, v.Registration.CredentialID) {
			t.Errorf("%s: registration: %v", v.Name, err)
			continue
		}
		const userVerified = 1 << 2
		if err := v.assert(rp, key, false); err != nil {
			t.Errorf("%s: authentication: %v", v.Name, err)
		}
		if err := v.assert(rp, key, true); (err == nil) != (v.Authentication.AuthenticatorData[32]&userVerified != 0) {
			t.Errorf("%s: authentication with verification of the user: %v", v.Name, err)
		}
	}
}

// One changed bit, wherever it is, makes a vector invalid. The last bits of an ECDSA
// signature and of the challenge are among them.
func TestChangedVectorsOfTheW3C(t *testing.T) {
	t.Parallel()
	rp := w3cParty(t)
	for _, v := range vectors(t) {
		if slices.Contains(refusedVectors, v.Name) {
			continue
		}
		key, err := v.register(rp)
		if err != nil {
			t.Fatal(err)
		}
		for name, part := range map[string]hexBytes{
			"challenge": v.Authentication.Challenge, "client data": v.Authentication.ClientDataJSON,
			"authenticator data": v.Authentication.AuthenticatorData, "signature": v.Authentication.Signature,
		} {
			for _, at := range []int{0, len(part) / 2, len(part) - 1} {
				part[at] ^= 1
				if err := v.assert(rp, key, false); !errors.Is(err, webauthn.ErrRejected) {
					t.Errorf("%s: byte %d of the %s: %v", v.Name, at, name, err)
				}
				part[at] ^= 1
			}
		}
		if err := v.assert(rp, key, false); err != nil {
			t.Errorf("%s, unchanged: %v", v.Name, err)
		}
		for _, other := range vectors(t) {
			if other.Name != v.Name && !slices.Contains(refusedVectors, other.Name) {
				another, err := other.register(rp)
				if err == nil {
					another.ID = key.ID
					err = v.assert(rp, another, false)
				}
				if !errors.Is(err, webauthn.ErrRejected) {
					t.Errorf("%s with the key of %s: %v", v.Name, other.Name, err)
				}
			}
		}
	}
}
