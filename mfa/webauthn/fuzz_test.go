package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/mfa/webauthn"
)

// parts decodes the binary members of a response.
func parts(f *testing.F, text string, names ...string) [][]byte {
	f.Helper()
	var answer struct {
		Response map[string]string `json:"response"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		f.Fatal(err)
	}
	var list [][]byte
	for _, name := range names {
		raw, err := base64.RawURLEncoding.DecodeString(answer.Response[name])
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, raw)
	}
	return list
}

// answerOf encodes a response with these members, and more at the top level.
func answerOf(id []byte, response map[string][]byte, more string) []byte {
	texts := map[string]string{}
	for name, raw := range response {
		texts[name] = base64.RawURLEncoding.EncodeToString(raw)
	}
	text, _ := json.Marshal(texts) // texts can always be encoded
	if more != "" {
		more = "," + more
	}
	return []byte(`{"id":"` + base64.RawURLEncoding.EncodeToString(id) + `","response":` + string(text) + more + "}")
}

var credentialID = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// FuzzRegistration parses and verifies a valid response with any of its parts
// changed.
func FuzzRegistration(f *testing.F) {
	p := parts(f, registered, "clientDataJSON", "attestationObject")
	f.Add(credentialID, p[0], p[1], "")
	f.Add(credentialID, p[0], p[1], `"type":"public-key","clientExtensionResults":{"credProps":null}`)
	f.Add(credentialID, p[0], bytes.Replace(p[1], []byte("cfmtdnone"), []byte("cfmtfpacked"), 1), "")
	f.Add([]byte{}, []byte("{}"), []byte{0xa0}, `"rawId":null`)
	rp := party(f)
	f.Fuzz(func(t *testing.T, id, clientData, attestation []byte, more string) {
		text := answerOf(id, map[string][]byte{"clientDataJSON": clientData, "attestationObject": attestation}, more)
		key, _, err := register(rp, text, webauthn.Passkey)
		if err == nil && (!bytes.Equal(key.Handle, user.Handle) || !bytes.Equal(key.ID, id) || len(id) == 0 || len(id) > 1023 || len(key.PublicKey) == 0) {
			t.Fatalf("key %+v", key)
		}
		refused(t, err)
	})
}

// refused fails the test if the error is not a rejection, or was a panic.
func refused(t *testing.T, err error) {
	t.Helper()
	if err != nil && (!errors.Is(err, webauthn.ErrRejected) || strings.Contains(err.Error(), "verification failed")) {
		t.Fatalf("error %v", err)
	}
}

// FuzzAssertion does the same with the response of a key. The signed part cannot
// be changed.
func FuzzAssertion(f *testing.F) {
	p := parts(f, asserted, "clientDataJSON", "authenticatorData", "signature")
	f.Add(credentialID, p[0], p[1], p[2], []byte("1"), "")
	f.Add(credentialID, p[0], p[1], p[2], []byte{}, `"rawId":"AAECAwQFBgcICQoLDA0ODw"`)
	f.Add([]byte{}, []byte("{}"), []byte{}, []byte{0x30}, []byte("2"), `"type":null`)
	rp := party(f)
	genuine, _, err := register(rp, []byte(registered), webauthn.Passkey)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, clientData, authenticatorData, signature, handle []byte, more string) {
		text := answerOf(id, map[string][]byte{
			"clientDataJSON": clientData, "authenticatorData": authenticatorData, "signature": signature, "userHandle": handle,
		}, more)
		_, _, err := assert(rp, text, *genuine)
		if err == nil && (!bytes.Equal(id, credentialID) || !bytes.Equal(clientData, p[0]) || !bytes.Equal(authenticatorData, p[1]) || len(handle) > 0 && string(handle) != "1") {
			t.Fatalf("accepted %s", text)
		}
		refused(t, err)
	})
}
