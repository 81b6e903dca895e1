package socialaccount

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
)

const (
	purposeSpent = "socialaccount_spent"
	// maxSpent is how long an ID token is remembered at most.
	maxSpent = 24 * time.Hour
	// spentLeeway covers the clocks that ID tokens are checked with leniently.
	spentLeeway = 10 * time.Minute
)

// errSpent means that an ID token was shown before.
var errSpent = errors.New("socialaccount: ID token was used before")

// spend makes an ID token that was verified good for this one time: whoever
// gets hold of it later, in a log or a proxy, can not log in with it. Of several
// parallel callers one succeeds.
func (s *Service) spend(ctx context.Context, e *entry, idToken string) error {
	signed, ok := signedPart(idToken)
	if !ok {
		return nil // an opaque token, which its provider was asked about
	}
	now := s.deps.Now()
	mac := s.deps.Keys.MAC(purposeSpent, []byte(e.info.ID), []byte(signed))
	err := s.deps.Challenges.Store.CreateChallenge(ctx, authn.Challenge{
		ID: "spent-" + base64.RawURLEncoding.EncodeToString(mac), Purpose: purposeSpent, Hash: mac,
		CreatedAt: now, ExpiresAt: spentUntil(signed, now),
	})
	if errors.Is(err, authn.ErrConflict) {
		return errSpent
	}
	if err != nil {
		return fmt.Errorf("remember ID token: %w", err)
	}
	return nil
}

// signedPart returns what the signature of a JWT covers (RFC 7515 section 5.1).
// The signature itself may have several valid spellings.
func signedPart(token string) (string, bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || strings.Count(token, ".") != 2 {
		return "", false
	}
	return token[:i], true
}

// spentUntil is when a token that was verified is of no use any more by itself.
func spentUntil(signed string, now time.Time) time.Time {
	var claims struct {
		Expiry float64 `json:"exp"`
	}
	_, payload, _ := strings.Cut(signed, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	expires := time.Unix(int64(claims.Expiry), 0).Add(spentLeeway)
	if err != nil || claims.Expiry <= 0 || claims.Expiry > 1e11 || expires.After(now.Add(maxSpent)) {
		return now.Add(maxSpent)
	}
	return expires
}
