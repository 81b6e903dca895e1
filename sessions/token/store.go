package token

import (
	"context"
	"time"
)

// RefreshToken is the stored row of a refresh token.
type RefreshToken struct {
	// ID is the claim jti. It is useless without the signature.
	ID string
	// SessionID is the ID of the session's row, UserID the user.
	SessionID, UserID string
	// SpentAt is when the token was used, zero if it was not.
	SpentAt time.Time
	// ExpiresAt is when the token expires.
	ExpiresAt time.Time
}

// Store stores refresh tokens. Implementations must be safe for concurrent use,
// also by several processes. Times are kept to the microsecond. The store does
// not compare times with the clock: it returns expired rows until they are
// cleaned.
type Store interface {
	// CreateRefreshToken stores t. It returns [authn.ErrConflict] if the ID
	// exists.
	CreateRefreshToken(ctx context.Context, t RefreshToken) error
	// RefreshTokenByID returns the token, used or not, or [authn.ErrNotFound].
	RefreshTokenByID(ctx context.Context, id string) (*RefreshToken, error)
	// RotateRefreshToken marks the token as used at that time and stores next, in
	// one atomic step. It returns [authn.ErrNotFound] if there is no such token,
	// or if it belongs to another session than next, and [authn.ErrConflict] if
	// it is used already: of any number of concurrent calls exactly one succeeds.
	RotateRefreshToken(ctx context.Context, id string, at time.Time, next RefreshToken) error
}
