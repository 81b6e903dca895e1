package webauthn

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/allauth-go/allauth/internal/jsonio"
)

// answer is what both kinds of answers have, as base64url without padding. What
// else clients send is not looked at.
type answer struct {
	id string

	clientDataJSON    string
	attestationObject string
	authenticatorData string
	signature         string
	userHandle        string
	transports        []string
	// rk is what the client says of whether the key can name its user, nil if
	// nothing.
	rk *bool
}

// readAnswer reads an answer, as strictly as any input.
func readAnswer(text []byte) (*answer, error) {
	if _, err := jsonio.ReadObject(bytes.NewReader(text)); err != nil {
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
		return nil, reject("answer without a proper id or type")
	}
	return &a, nil
}

// members takes an object apart. Missing and null are empty.
func members(text json.RawMessage) (map[string]json.RawMessage, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal(text, &m)
	return m, err
}

// read reads a member by its exact name into v, which stays as it is for a
// missing one and for null.
func read(m map[string]json.RawMessage, name string, v any) error {
	if m[name] == nil {
		return nil
	}
	return json.Unmarshal(m[name], v)
}

// decode reads base64url. Some clients put padding behind it.
func decode(text string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// canonical writes the answer anew, with what the library wants and no more.
func (a *answer) canonical(response map[string]string) ([]byte, error) {
	return json.Marshal(map[string]any{"id": a.id, "rawId": a.id, "type": publicKey, "response": response})
}
