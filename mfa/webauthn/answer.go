package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// answer is what both kinds of answers have in common, as clients send it.
// Members that are not listed are not looked at.
type answer struct {
	ID       string  `json:"id"`
	RawID    *string `json:"rawId"`
	Type     *string `json:"type"`
	Response struct {
		ClientDataJSON    string   `json:"clientDataJSON"`
		AttestationObject string   `json:"attestationObject"`
		AuthenticatorData string   `json:"authenticatorData"`
		Signature         string   `json:"signature"`
		UserHandle        *string  `json:"userHandle"`
		Transports        []string `json:"transports"`
	} `json:"response"`
	ClientExtensionResults struct {
		CredProps *struct {
			RK *bool `json:"rk"`
		} `json:"credProps"`
	} `json:"clientExtensionResults"`
}

// maxAnswer is the longest answer that is looked at, in bytes.
const maxAnswer = 48 << 10

// readAnswer reads an answer and brings its texts into the form that the
// library takes.
func readAnswer(text []byte) (*answer, error) {
	if len(text) > maxAnswer {
		return nil, reject("answer of %d bytes", len(text))
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, reject("read answer: %w", err)
	}
	for _, field := range []*string{
		&a.ID, a.RawID, &a.Response.ClientDataJSON, &a.Response.AttestationObject,
		&a.Response.AuthenticatorData, &a.Response.Signature, a.Response.UserHandle,
	} {
		if field == nil {
			continue
		}
		raw, err := decode(*field)
		if err != nil {
			return nil, reject("read answer: %w", err)
		}
		*field = encode(raw)
	}
	if a.ID == "" || a.RawID != nil && *a.RawID != a.ID || a.Type != nil && *a.Type != publicKey {
		return nil, reject("answer without a proper id or type")
	}
	return &a, nil
}

// decode reads base64url. Some clients put padding behind it.
func decode(text string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// rk is what the client says of whether the key can name its user, nil if
// nothing.
func (a *answer) rk() *bool {
	if a.ClientExtensionResults.CredProps == nil {
		return nil
	}
	return a.ClientExtensionResults.CredProps.RK
}

// canonical writes the answer anew, with what the library wants and no more.
func (a *answer) canonical(response map[string]any) ([]byte, error) {
	return json.Marshal(map[string]any{"id": a.ID, "rawId": a.ID, "type": publicKey, "response": response})
}
