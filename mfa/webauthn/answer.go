package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/allauth-go/allauth/internal/jsonio"
)

// answer holds the members that both kinds of responses have, as base64url
// without padding. Other members are ignored.
type answer struct {
	id string

	clientDataJSON    string
	attestationObject string
	authenticatorData string
	signature         string
	userHandle        string
	transports        []string
	// rk is the client's claim whether the key is discoverable; nil without a
	// claim.
	rk *bool
}

// readAnswer parses a response, as strictly as any other input.
func readAnswer(text []byte) (*answer, error) {
	if _, err := jsonio.Parse(text); err != nil {
		return nil, reject("read answer: %w", err)
	}
	var a answer
	var rawID, kind *string
	top, err := members(text)
	response, err1 := members(top["response"])
	extensions, err2 := members(top["clientExtensionResults"])
	properties, err3 := members(extensions["credProps"])
	err = errors.Join(
		err, err1, err2, err3,
		read(top, "id", &a.id), read(top, "rawId", &rawID), read(top, "type", &kind),
		read(response, "clientDataJSON", &a.clientDataJSON), read(response, "attestationObject", &a.attestationObject),
		read(response, "authenticatorData", &a.authenticatorData), read(response, "signature", &a.signature),
		read(response, "userHandle", &a.userHandle), read(response, "transports", &a.transports),
		read(properties, "rk", &a.rk),
	)
	if err != nil {
		return nil, reject("read answer: %w", err)
	}
	for _, field := range []*string{&a.id, rawID, &a.clientDataJSON, &a.attestationObject, &a.authenticatorData, &a.signature, &a.userHandle} {
		if field == nil {
			continue
		}
		raw, err := decode(*field)
		if err != nil {
			return nil, reject("read answer: %w", err)
		}
		*field = encode(raw)
	}
	if a.id == "" || rawID != nil && *rawID != a.id || kind != nil && *kind != publicKey {
		return nil, reject("response without a valid id or type")
	}
	return &a, nil
}

// members returns the members of an object. A missing object or null has none.
func members(text json.RawMessage) (map[string]json.RawMessage, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal(text, &m)
	return m, err
}

// read decodes the member with exactly this name into v. It leaves v unchanged if
// the member is missing or null.
func read(m map[string]json.RawMessage, name string, v any) error {
	if m[name] == nil {
		return nil
	}
	return json.Unmarshal(m[name], v)
}

// decode decodes base64url, with or without padding.
func decode(text string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// canonical encodes the response with the members that the library reads, and no
// others.
func (a *answer) canonical(response map[string]string) ([]byte, error) {
	return json.Marshal(map[string]any{"id": a.id, "rawId": a.id, "type": publicKey, "response": response})
}
