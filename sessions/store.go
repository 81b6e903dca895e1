package sessions

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Row is what stands beside a session in the store. A session without its row
// is dead, whatever else still holds its data.
type Row struct {
	// ID is a random decimal number, unique and never the token. A session keeps
	// it when its token changes.
	ID string
	// TokenHash is a hash of the token; the token itself is never stored.
	TokenHash string
	// Kind is what carries the token: "app" for the header of apps, "browser" for
	// a cookie, "browser host" for one whose name begins with __Host-. A token
	// that comes another way is not accepted. "replaced" marks the row that keeps
	// a replaced token in mind for a minute.
	Kind string
	// UserID is empty until a user is logged in.
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
	// Profile is what SessionsByTokens read of the user along with the row, as
	// account.Store does. Nil if the store did not, or if no user is logged
	// in; other methods neither set nor read it.
	Profile *authn.Profile
}

// Store keeps session rows. Implementations must be safe for concurrent use,
// also by several processes. The store does not look at the clock: expired rows
// are returned until they are cleaned.
type Store interface {
	// CreateSession stores row. ErrConflict if the ID or the token hash exists.
	CreateSession(ctx context.Context, row Row) error
	// SessionsByTokens returns the rows with these token hashes, at most eight of
	// them, in any order. Hashes without a row are left out.
	SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]Row, error)
	// SaveSession overwrites Data, LastSeenAt and ExpiresAt of the row with that
	// ID and token hash. loaded is the Data that the change was made of.
	// ErrNotFound if there is no such row: a deleted row is never brought back, and a
	// session is not changed by its old token. ErrConflict if its Data is not loaded
	// any more: what another request has stored meanwhile is not lost. An empty
	// loaded, of a session whose data is elsewhere, is compared with nothing.
	SaveSession(ctx context.Context, row Row, loaded []byte) error
	// RenewSession gives a session a new token: the row with row.ID and
	// old.TokenHash becomes row, and old is stored as a row of its own. Both or
	// neither. ErrNotFound if the session is gone or has another token by now,
	// ErrConflict if its Data is not loaded any more, as for SaveSession, or if the
	// new token hash or old.ID exists. A DeleteSession of row.ID at the same time
	// comes before or after it: the row is gone.
	RenewSession(ctx context.Context, row, old Row, loaded []byte) error
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
	// SessionsInTx reports whether these methods take part in the transactions of
	// authn.Transactor. Where they do not, a request stores its session after its
	// transaction.
	SessionsInTx() bool
}
