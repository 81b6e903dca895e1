package token_test

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/go-jose/go-jose/v4"

	"github.com/allauth-go/allauth/internal/tokens"
)

// algorithms are those of access tokens.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.HS256}

// The settings have keys without the members use and key_ops of a JWK, so the vectors of
// keys for other uses do not apply.
var inapplicable = []string{"rejectWrongUse", "rejectWrongKeyOps"}

// corrected are vectors whose result is not what it says.
var corrected = map[int]string{
	367: "valid",   // the text of vector 357, without the wrong padding
	370: "valid",   // the same
	372: "invalid", // a character that base64url does not have (RFC 7515 section 2)
	373: "invalid", // the same
}

// Signatures are accepted if and only if Wycheproof says so, and only of the algorithms
// of access tokens.
func TestSignaturesOfWycheproof(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(wycheproof.TestVectors, "json_web_signature_test.json")
	var vectors struct {
		TestGroups []struct {
			Public, Private *jose.JSONWebKey
			Tests           []struct {
				ID      int `json:"tcId"`
				Comment string
				JWS     json.RawMessage
				Result  string
			}
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	accepted, refused := 0, 0
	for _, group := range vectors.TestGroups {
		jwk := group.Public
		if jwk == nil {
			jwk = group.Private // a secret
		}
		for _, v := range group.Tests {
			if slices.Contains(inapplicable, v.Comment) {
				continue
			}
			var token string
			if json.Unmarshal(v.JWS, &token) != nil {
				token = string(v.JWS) // the JSON serialization
			}
			_, err := tokens.VerifySignature(token, algorithms, func(header jose.Header) any {
				if header.Algorithm != jwk.Algorithm {
					return nil
				}
				return jwk.Key
			})
			want := cmp.Or(corrected[v.ID], v.Result) == "valid" && slices.Contains(algorithms, jose.SignatureAlgorithm(jwk.Algorithm))
			if (err == nil) != want {
				t.Errorf("vector %d, %s, with a key for %s: %v, want %v", v.ID, v.Comment, jwk.Algorithm, err, want)
			}
			if err == nil {
				accepted++
			} else {
				refused++
			}
		}
	}
	if accepted < 10 || refused < 300 {
		t.Errorf("%d accepted, %d refused", accepted, refused)
	}
}
