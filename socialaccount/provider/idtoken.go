package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// clockSkew is how far a provider's clock may be off.
const clockSkew = time.Minute

// signingAlgorithms are what an ID token may be signed with: asymmetric ones
// only, so that a public key is never taken for a secret.
var signingAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// idTokens verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).
type idTokens struct {
	keys oidc.KeySet
	now  func() time.Time
}

// expected is what an ID token must say.
type expected struct {
	// issuers are the spellings of the one issuer.
	issuers []string
	// audiences are our client ids.
	audiences []string
	// nonce must be in the token unless it is empty.
	nonce string
	// accessToken must match the token's at_hash, where both are there.
	accessToken string
}

// verify returns the claims of a token that is good.
func (v idTokens) verify(ctx context.Context, text string, want expected) (map[string]any, error) {
	var algorithms []string
	for _, algorithm := range signingAlgorithms {
		algorithms = append(algorithms, string(algorithm))
	}
	verifier := oidc.NewVerifier("", v.keys, &oidc.Config{
		SkipClientIDCheck: true, SkipIssuerCheck: true, SkipExpiryCheck: true, SupportedSigningAlgs: algorithms,
	})
	token, err := verifier.Verify(ctx, text)
	if err != nil {
		return nil, asInvalid(err)
	}
	var claims map[string]any
	if err := token.Claims(numbers(&claims)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	now := v.now()
	switch {
	case !slices.Contains(want.issuers, token.Issuer):
		return nil, fmt.Errorf("token of the issuer %q: %w", token.Issuer, ErrInvalid)
	case !slices.ContainsFunc(token.Audience, func(id string) bool { return slices.Contains(want.audiences, id) }):
		return nil, fmt.Errorf("token for somebody else: %w", ErrInvalid)
	case !authorizedParty(claims, token.Audience, want.audiences):
		return nil, fmt.Errorf("token that somebody else asked for: %w", ErrInvalid)
	case token.Expiry.IsZero() || now.After(token.Expiry.Add(clockSkew)):
		return nil, fmt.Errorf("token that has expired: %w", ErrInvalid)
	case token.IssuedAt.After(now.Add(clockSkew)) || notBefore(claims).After(now.Add(clockSkew)):
		return nil, fmt.Errorf("token of the future: %w", ErrInvalid)
	case want.nonce != "" && token.Nonce != want.nonce:
		return nil, fmt.Errorf("token of another login: %w", ErrInvalid)
	case want.accessToken != "" && token.AccessTokenHash != "" && token.VerifyAccessToken(want.accessToken) != nil:
		return nil, fmt.Errorf("token of another access token: %w", ErrInvalid)
	}
	return claims, nil
}

// authorizedParty checks azp: a token for several must name us as who asked.
func authorizedParty(claims map[string]any, audience, ours []string) bool {
	party, present := claims["azp"]
	if !present {
		return len(audience) == 1
	}
	id, isText := party.(string)
	return isText && slices.Contains(ours, id)
}

func notBefore(claims map[string]any) time.Time {
	number, _ := claims["nbf"].(json.Number)
	seconds, err := number.Float64()
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// keepNumbers decodes JSON without turning numbers into floats: an id of twenty
// digits would not survive that.
type keepNumbers struct{ into *map[string]any }

func numbers(into *map[string]any) *keepNumbers { return &keepNumbers{into} }

// UnmarshalJSON implements json.Unmarshaler.
func (k *keepNumbers) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(k.into)
}
