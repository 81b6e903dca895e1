package token

import (
	"errors"
	"time"
)

// ErrInvalid means that a token is malformed, forged, expired, of the wrong
// kind, or belongs to a session that has ended.
var ErrInvalid = errors.New("token: not valid")

// AccessToken holds the claims of a valid access token.
type AccessToken struct {
	// ID is the claim jti, UserID the claim sub.
	ID, UserID string
	// IssuedAt and ExpiresAt are to the second.
	IssuedAt, ExpiresAt time.Time
	// Claims are all claims, those of Config.Claims among them.
	Claims map[string]any
}
