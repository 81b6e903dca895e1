package sessions

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Row is the stored row of a session. A session has ended when its row is
// deleted, even if another store still holds its data.
type Row struct {
	// ID is a random decimal number, unique, and independent of the token. A
	// session keeps it when its token changes. The API shows a shorter number
	// that is unique among the sessions of the user.
	ID string
	// TokenHash is a hash of the token. The token itself is not stored.
	TokenHash string
	// Kind is how the client sends the token: "app" in the header of apps,
	// "browser" in a cookie, "browser host" in a cookie whose name begins with
	// __Host-. A token that is sent another way is refused. "django" is an adopted session
	// of Django, whose key is sent in the header or a cookie. "replaced" marks a
	// row that remembers a replaced token for a minute.
	Kind string
	// UserID is empty until a user is logged in.
	UserID string
	// AuthHash is a fingerprint of the credentials with which the session was
	// opened. The session is invalid once the user's credentials have another
	// fingerprint.
	AuthHash string
	// IP and UserAgent describe the client in the user's list of sessions.
	IP, UserAgent string
	// CreatedAt, LastSeenAt and ExpiresAt are kept to the microsecond.
	CreatedAt, LastSeenAt, ExpiresAt time.Time
	// Data is the encoded session. It is empty if another store keeps the data.
	Data []byte
	// Profile is what SessionsByTokens read of the user along with the row, as
	// account.Store does. It is nil if the store did not read it, or if no user
	// is logged in. Other methods neither set nor read it.
	Profile *authn.Profile
}

// Store stores session rows. Implementations must be safe for concurrent use,
// also by several processes. The store does not compare times with the clock: it
// returns expired rows until they are cleaned.
type Store interface {
	// CreateSession stores row. It returns [authn.ErrConflict] if the ID or the
	// token hash exists.
	CreateSession(ctx context.Context, row Row) error
	// SessionsByTokens returns the rows with these token hashes, of which there
	// are at most eight, in any order. Hashes without a row are left out.
	SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]Row, error)
	// SaveSession overwrites Data, LastSeenAt and ExpiresAt of the row with
	// row.ID and row.TokenHash. loaded is the Data from which the change was
	// made; it is empty, and not compared, if another store keeps the data.
	//
	// It returns [authn.ErrNotFound] if there is no such row: a deleted row is
	// not stored again, and a replaced token does not change the session. It
	// returns [authn.ErrConflict] if the stored Data is not loaded, so that the
	// changes of a concurrent request are not lost.
	SaveSession(ctx context.Context, row Row, loaded []byte) error
	// RenewSession gives a session a new token, in one atomic step: it replaces
	// the row with row.ID and old.TokenHash by row, and stores old as a row of
	// its own.
	//
	// It returns [authn.ErrNotFound] if the session was deleted or has another
	// token, and [authn.ErrConflict] if its stored Data is not loaded, as
	// SaveSession does, or if the new token hash or old.ID exists. A concurrent
	// DeleteSession of row.ID deletes the row, whichever is first.
	RenewSession(ctx context.Context, row, old Row, loaded []byte) error
	// TouchSession stores IP, UserAgent and LastSeenAt. A missing row is not an
	// error.
	TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error
	// RekeySessions replaces the fingerprint of all rows of the user that have
	// oldAuthHash.
	RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error
	// SessionsByUser returns the user's rows, oldest first. Data may be left out.
	SessionsByUser(ctx context.Context, userID string) ([]Row, error)
	// DeleteSession deletes the row. A missing one is not an error.
	DeleteSession(ctx context.Context, id string) error
	// DeleteUserSessions deletes all rows of the user except the one with
	// exceptID, which may be empty.
	DeleteUserSessions(ctx context.Context, userID, exceptID string) error
	// SessionsInTx reports whether these methods take part in the transactions of
	// authn.Transactor. If not, a request stores its session after its
	// transaction.
	SessionsInTx() bool
}
