package token

import (
	"errors"
	"time"
)

// ErrInvalid means that a token is malformed, forged, expired or of the wrong
// kind, or that its session has ended.
var ErrInvalid = errors.New("token: not valid")

// AccessToken holds the claims of a valid access token.
type AccessToken struct {
	// ID is the claim jti, UserID the claim sub.
	ID, UserID string
	// ActorID is the user who acts as UserID, the claim act (RFC 8693 section 4.1).
	// It is empty unless Auth.Impersonate made the session.
	ActorID string
	// IssuedAt and ExpiresAt are the claims iat and exp, in whole seconds.
	IssuedAt, ExpiresAt time.Time
	// Claims holds all claims, including those of Config.Claims.
	Claims map[string]any
}
