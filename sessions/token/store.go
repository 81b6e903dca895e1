package token

import (
	"context"
	"time"
)

// RefreshToken is what the store keeps of a refresh token.
type RefreshToken struct {
	// ID is the claim jti. It is worthless without the signature.
	ID string
	// SessionID is the row of the session that it prolongs, UserID the user.
	SessionID, UserID string
	// SpentAt is when it was used, zero if it was not.
	SpentAt time.Time
	// ExpiresAt is when it is void.
	ExpiresAt time.Time
}

// Store keeps refresh tokens. Implementations must be safe for concurrent use,
// also by several processes. Times are kept to the microsecond. The store does
// not look at the clock: expired rows are returned until they are cleaned.
type Store interface {
	// CreateRefreshToken stores t. ErrConflict if the ID exists.
	CreateRefreshToken(ctx context.Context, t RefreshToken) error
	// RefreshTokenByID returns the token, spent or not, or ErrNotFound.
	RefreshTokenByID(ctx context.Context, id string) (*RefreshToken, error)
	// RotateRefreshToken marks the token with that ID, which belongs to the session
	// of next, as spent at that time and stores next, both or neither. Exactly one
	// of any number of parallel callers gets nil, the others ErrConflict.
	// ErrNotFound if there is none, or if it belongs to another session.
	RotateRefreshToken(ctx context.Context, id string, at time.Time, next RefreshToken) error
}
