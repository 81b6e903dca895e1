package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/allauth-go/allauth/internal/idtoken"
)

// clockSkew is the largest accepted difference of a provider's clock.
const clockSkew = idtoken.ClockSkew

// signingAlgorithms are the accepted signature algorithms of ID tokens. All are
// asymmetric, so that a public key cannot be used as an HMAC secret.
var signingAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// idTokens verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).
type idTokens struct {
	keys *keySet
	now  func() time.Time
}

// expected is what an ID token must contain.
type expected struct {
	issuer string
	// algorithms are the signature algorithms of the provider. Empty: all of
	// ours.
	algorithms []string
	// audiences are our client ids.
	audiences []string
	// anyParty accepts any azp if the client is the only audience.
	anyParty bool
	// nonce is the required nonce. Empty: any.
	nonce string
	// accessToken must match at_hash, if both are present.
	accessToken string
}

// verify returns the claims of a valid token. It returns ErrUnavailable if the
// keys cannot be fetched, and ErrInvalid for any other token.
func (v idTokens) verify(ctx context.Context, text string, want expected) (claims, error) {
	switch {
	case text == "":
		return nil, fmt.Errorf("no ID token: %w", ErrInvalid)
	case strings.ContainsFunc(text, unicode.IsSpace):
		// Parsers skip white space, so a token could be written in many ways.
		return nil, fmt.Errorf("white space in an ID token: %w", ErrInvalid)
	}
	token, err := v.signed(ctx, text, want)
	if err != nil {
		return nil, err
	}
	var said claims
	if err := token.Claims(numbers((*map[string]any)(&said))); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, err := idtoken.Check(said, v.now()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch {
	case token.Subject == "":
		return nil, fmt.Errorf("no sub in the ID token: %w", ErrInvalid)
	case !authorizedParty(said, token.Audience, want):
		return nil, fmt.Errorf("azp is not our client: %w", ErrInvalid)
	case want.nonce != "" && token.Nonce != want.nonce:
		return nil, fmt.Errorf("the nonce does not match: %w", ErrInvalid)
	case want.accessToken != "" && token.AccessTokenHash != "" && token.VerifyAccessToken(want.accessToken) != nil:
		return nil, fmt.Errorf("at_hash does not match the access token: %w", ErrInvalid)
	}
	return said, nil
}

// verifyUserInfo returns the claims of a signed user info (OpenID Connect Core 1.0,
// section 5.3.2). Issuer and audience must be those of ID tokens, and the times must be
// valid, if they are present.
func (v idTokens) verifyUserInfo(ctx context.Context, r *response, want expected) (claims, error) {
	text := strings.TrimSpace(string(r.body))
	if strings.Count(text, ".") == 4 { // RFC 7516 section 3.1
		return nil, fmt.Errorf("the user info is encrypted, which is not supported: %w", ErrInvalid)
	}
	payload, err := v.keys.verify(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("user info: %w", err)
	}
	said, err := (&response{host: r.host, body: payload}).object()
	if err != nil {
		return nil, err
	}
	var named jwt.Claims
	if err := json.Unmarshal(payload, &named); err != nil {
		return nil, fmt.Errorf("user info: %w: %w", ErrInvalid, err)
	}
	if err := named.ValidateWithLeeway(jwt.Expected{Time: v.now()}, clockSkew); err != nil {
		return nil, fmt.Errorf("user info: %w: %w", ErrInvalid, err)
	}
	switch {
	case named.Issuer != "" && named.Issuer != want.issuer:
		return nil, fmt.Errorf("iss of the user info is not the issuer: %w", ErrInvalid)
	case len(named.Audience) > 0 && !slices.ContainsFunc(want.audiences, named.Audience.Contains):
		return nil, fmt.Errorf("aud of the user info is not our client: %w", ErrInvalid)
	}
	return said, nil
}

// signed verifies signature, issuer, audience and expiry. One of the audiences
// must match.
func (v idTokens) signed(ctx context.Context, text string, want expected) (token *oidc.IDToken, err error) {
	algorithms := want.algorithms
	if len(algorithms) == 0 {
		for _, algorithm := range signingAlgorithms {
			algorithms = append(algorithms, string(algorithm))
		}
	}
	err = fmt.Errorf("no client id: %w", ErrInvalid)
	for _, id := range want.audiences {
		keys := &reporter{keys: v.keys}
		verifier := oidc.NewVerifier(want.issuer, keys, &oidc.Config{
			ClientID: id, SupportedSigningAlgs: algorithms,
			Now: func() time.Time { return v.now().Add(-clockSkew) },
		})
		token, err = verifier.Verify(ctx, text)
		switch {
		case err == nil:
			return token, nil
		case errors.Is(keys.err, ErrUnavailable):
			return nil, keys.err
		}
		err = fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil, err
}

// reporter is an oidc.KeySet that records its error, as the error of the verifier
// does not say whether the keys could be fetched.
type reporter struct {
	keys *keySet
	err  error
}

// VerifySignature implements oidc.KeySet.
func (r *reporter) VerifySignature(ctx context.Context, text string) ([]byte, error) {
	payload, err := r.keys.verify(ctx, text)
	r.err = err
	return payload, err
}

// claims are the claims of a verified ID token.
type claims map[string]any

// authorizedParty verifies azp: it must be our client if the token has several
// audiences.
func authorizedParty(said claims, audience []string, want expected) bool {
	party, present := said["azp"]
	if !present || want.anyParty && len(audience) == 1 {
		return len(audience) == 1
	}
	id, isText := party.(string)
	return isText && slices.Contains(want.audiences, id)
}

// keepNumbers decodes JSON without converting numbers to floats, which cannot
// represent an id of twenty digits.
type keepNumbers struct{ into *map[string]any }

func numbers(into *map[string]any) *keepNumbers { return &keepNumbers{into} }

// UnmarshalJSON implements json.Unmarshaler.
func (k *keepNumbers) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(k.into)
}
