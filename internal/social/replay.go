package social

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/idtoken"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

const (
	purposeSpent = "socialaccount_spent"
	// spentMargin is how much longer than it is accepted a token is remembered: a
	// clock may be set back by an hour after a clean-up, and the clocks of several
	// servers may differ by ten minutes.
	spentMargin = time.Hour + 10*time.Minute
)

// errReplayed means that an ID token of a single use was shown before.
var errReplayed = errors.New("socialaccount: ID token was used before")

// spend remembers an ID token that was verified, for as long as it is accepted,
// and reports whether it was shown before. It returns errReplayed if it was and
// is of a single use: if it has an id (jti) or a nonce, or the host wants it so.
// Of several parallel callers one is the first. Tokens other than JWTs are not
// remembered.
func (s *Service) spend(ctx context.Context, e *entry, token string) (repeated bool, err error) {
	signed, claims := readIDToken(token)
	if claims == nil {
		return false, nil
	}
	now := s.deps.Now()
	until, err := idtoken.Check(claims, now) // a provider of the host's own may not have checked
	if err != nil {
		return false, fmt.Errorf("%w: %w", provider.ErrInvalid, err)
	}
	mac := s.deps.Keys.MAC(purposeSpent, []byte(e.info.ID), []byte(signed))
	err = s.codes.Store.CreateChallenge(ctx, authn.Challenge{
		ID: "spent-" + base64.RawURLEncoding.EncodeToString(mac), Purpose: purposeSpent, Hash: mac,
		CreatedAt: now, ExpiresAt: until.Add(spentMargin),
	})
	switch {
	case err == nil:
		return false, nil
	case !errors.Is(err, authn.ErrConflict):
		return false, fmt.Errorf("remember ID token: %w", err)
	case s.cfg.SingleUseIDTokens, isSet(claims["jti"]), isSet(claims["nonce"]):
		return true, errReplayed
	}
	return true, nil
}

// isSet reports whether a claim has a value.
func isSet(claim any) bool { return claim != nil && claim != "" }

// readIDToken returns the claims of a JWT (RFC 7519), and what its signature
// covers: the signature itself may have several valid spellings. The claims are
// nil for other tokens.
func readIDToken(token string) (signed string, claims map[string]any) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&claims) != nil {
		return "", nil
	}
	return parts[0] + "." + parts[1], claims
}
