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
	purposeUsed = "socialaccount_spent"
	// usedMargin is how long a used token is remembered after its expiry. It allows for
	// a clock that is set back by an hour after a clean-up, and for servers whose clocks
	// differ by ten minutes.
	usedMargin = time.Hour + 10*time.Minute
)

// errReplayed means that a single-use ID token was used before.
var errReplayed = errors.New("socialaccount: ID token was used before")

// markUsed stores that a verified ID token was used, until it expires, and reports
// whether it was used before. Returns errReplayed if it was, and is single-use: it has a
// jti or a nonce, or Config.SingleUseIDTokens is set. Of several concurrent requests one
// is the first. Tokens other than JWTs are not stored. Returns provider.ErrInvalid if
// the token has expired.
func (s *Service) markUsed(ctx context.Context, e *entry, token string) (repeated bool, err error) {
	signed, claims := readIDToken(token)
	if claims == nil {
		return false, nil
	}
	now := s.deps.Now()
	until, err := idtoken.Check(claims, now) // providers of the host may not have checked it
	if err != nil {
		return false, fmt.Errorf("%w: %w", provider.ErrInvalid, err)
	}
	mac := s.deps.Keys.MAC(purposeUsed, []byte(e.info.ID), []byte(signed))
	err = s.codes.Store.CreateChallenge(ctx, authn.Challenge{
		ID: "spent-" + base64.RawURLEncoding.EncodeToString(mac), Purpose: purposeUsed, Hash: mac,
		CreatedAt: now, ExpiresAt: until.Add(usedMargin),
	})
	switch {
	case err == nil:
		return false, nil
	case !errors.Is(err, authn.ErrConflict):
		return false, fmt.Errorf("store used ID token: %w", err)
	case s.cfg.SingleUseIDTokens, isSet(claims["jti"]), isSet(claims["nonce"]):
		return true, errReplayed
	}
	return true, nil
}

// isSet reports whether a claim has a value that is not empty.
func isSet(claim any) bool { return claim != nil && claim != "" }

// readIDToken returns the claims of a JWT (RFC 7519) and its signing input. The
// signature is left out, because it can have several valid encodings. The claims are nil
// for other tokens.
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
