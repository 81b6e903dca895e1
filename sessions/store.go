package sessions

import (
	"context"
	"time"
)

// Row is what stands beside a session in the store. A session without its row
// is dead, whatever else still holds its data.
type Row struct {
	// ID is a random decimal number, unique and never the token.
	ID string
	// TokenHash is a hash of the token; the token itself is never stored.
	TokenHash string
	// Kind is the client kind the token belongs to, "app" or "browser".
	Kind string
	// UserID is empty until somebody is logged in.
	UserID string
	// AuthHash is a fingerprint of the credentials the session was opened
	// with. A session whose fingerprint is out of date is dead.
	AuthHash string
	// IP and UserAgent tell the user's sessions apart.
	IP, UserAgent string
	// CreatedAt, LastSeenAt and ExpiresAt are kept to the microsecond.
	CreatedAt, LastSeenAt, ExpiresAt time.Time
	// Data is the encoded session. It is empty where sessions live in another
	// scs store.
	Data []byte
}

// Store keeps session rows. Implementations must be safe for concurrent use,
// also by several processes. The store does not look at the clock: expired rows
// are returned until they are cleaned.
type Store interface {
	// CreateSession stores row. ErrConflict if the ID or the token hash exists.
	CreateSession(ctx context.Context, row Row) error
	// SessionByToken returns the row, or ErrNotFound.
	SessionByToken(ctx context.Context, tokenHash string) (*Row, error)
	// SaveSession overwrites Data, LastSeenAt and ExpiresAt of the row with
	// that ID. ErrNotFound if it is gone: a deleted row is never brought back.
	SaveSession(ctx context.Context, row Row) error
	// ReplaceSession deletes the row with oldID and stores row, both or
	// neither. ErrNotFound if the old one is gone.
	ReplaceSession(ctx context.Context, oldID string, row Row) error
	// TouchSession updates IP, UserAgent and LastSeenAt. A missing row is not
	// an error.
	TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error
	// RekeySessions replaces the fingerprint of all the user's rows that have
	// oldAuthHash.
	RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error
	// SessionsByUser returns the user's rows by creation, oldest first. Data
	// may be left out.
	SessionsByUser(ctx context.Context, userID string) ([]Row, error)
	// DeleteSession deletes the row; none is not an error.
	DeleteSession(ctx context.Context, id string) error
	// DeleteUserSessions deletes all the user's rows but the one with
	// exceptID, which may be empty.
	DeleteUserSessions(ctx context.Context, userID, exceptID string) error
}
