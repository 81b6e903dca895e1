package account

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// EmailAddress is one address of one user. An address may stand on several
// accounts while nobody has verified it; once somebody has, it is theirs.
type EmailAddress struct {
	UserID string
	// Email is in its canonical form, see [CanonicalEmail].
	Email     string
	Verified  bool
	Primary   bool
	CreatedAt time.Time
}

// EmailStore keeps e-mail addresses. Implementations must be safe for
// concurrent use; each method is one atomic step.
type EmailStore interface {
	// AddEmail stores a. ErrConflict if the user already has that address, or
	// if a is verified and the address is verified by another user. With
	// exclusive also ErrConflict if another user has verified the address or
	// has added it exclusively: of any number of parallel exclusive calls for
	// one address exactly one succeeds. What others added neither exclusively
	// nor verified is in nobody's way, and whoever verifies an address, or adds
	// it as verified, takes it from those who added it exclusively.
	AddEmail(ctx context.Context, a EmailAddress, exclusive bool) error
	// EmailsByUser returns the user's addresses in the order they were added.
	EmailsByUser(ctx context.Context, userID string) ([]EmailAddress, error)
	// EmailsByAddress returns the rows of every user who has the address, the
	// verified one first, then in the order they were added.
	EmailsByAddress(ctx context.Context, email string) ([]EmailAddress, error)
	// VerifyEmail marks the user's address as verified and reports whether
	// this call did it: false if it already was. ErrNotFound if the user has
	// no such address, ErrConflict if another user has verified it.
	VerifyEmail(ctx context.Context, userID, email string) (bool, error)
	// SetPrimaryEmail makes the address the user's only primary one.
	// ErrNotFound if the user has no such address.
	SetPrimaryEmail(ctx context.Context, userID, email string) error
	// DeleteEmail deletes the user's address. ErrNotFound if there is none, so
	// that one of several parallel callers wins.
	DeleteEmail(ctx context.Context, userID, email string) error
}

// PasswordStore keeps password hashes. Implementations must be safe for
// concurrent use.
type PasswordStore interface {
	// PasswordHash returns the stored hash, or ErrNotFound if the user has no
	// password.
	PasswordHash(ctx context.Context, userID string) (string, error)
	// SwapPasswordHash stores the new hash provided that the stored one equals
	// old, in one atomic step; an empty old means that there is none.
	// ErrConflict if it changed meanwhile.
	SwapPasswordHash(ctx context.Context, userID, old, new string) error
	// NextPasswordHash returns the smallest stored hash of any user, compared
	// byte by byte, that is from or greater, or ErrNotFound if there is none. It
	// is called a few times a minute, to learn which formats of hashes there are,
	// and needs an index: its time must not grow with the number of users. A
	// store that cannot compare its hashes, as they are encrypted, answers from a
	// list with one made-up hash of each format.
	NextPasswordHash(ctx context.Context, from string) (string, error)
}

// UsernameStore maps usernames to users. Implementations must be safe for
// concurrent use.
type UsernameStore interface {
	// ClaimUsername gives the name, in its canonical form, to the user.
	// ErrConflict if it is taken, also by the same user.
	ClaimUsername(ctx context.Context, userID, canonical string) error
	// UserIDByUsername returns the user with that canonical name, or
	// ErrNotFound.
	UserIDByUsername(ctx context.Context, canonical string) (string, error)
}

// Phone is the telephone number of a user. A user has at most one.
type Phone struct {
	UserID string
	// Number is in E.164 form: a plus sign and digits.
	Number   string
	Verified bool
}

// PhoneStore keeps telephone numbers. Implementations must be safe for
// concurrent use; each method is one atomic step.
type PhoneStore interface {
	// SetPhone stores p in place of the number the user had. ErrConflict if
	// another user has verified that number; with exclusive also if another
	// user has set it exclusively: of any number of parallel exclusive calls
	// for one number exactly one succeeds. What others set neither exclusively
	// nor verified is in nobody's way, and whoever verifies a number, or sets
	// it as verified, takes it from those who set it exclusively.
	SetPhone(ctx context.Context, p Phone, exclusive bool) error
	// VerifyPhone marks the user's number as verified. ErrNotFound if the user
	// does not have that number, ErrConflict if another user has verified it.
	VerifyPhone(ctx context.Context, userID, number string) error
	// DeletePhone deletes the user's number, if there is one.
	DeletePhone(ctx context.Context, userID string) error
	// PhoneByUser returns the user's number, or ErrNotFound.
	PhoneByUser(ctx context.Context, userID string) (*Phone, error)
	// PhonesByNumber returns the rows of every user who has the number, the
	// verified one first.
	PhonesByNumber(ctx context.Context, number string) ([]Phone, error)
}

// Store is all that this room keeps.
type Store interface {
	EmailStore
	PasswordStore
	UsernameStore
	PhoneStore

	// Profile returns what UserByID, PasswordHash, EmailsByUser and PhoneByUser
	// return for the user, in one step. A user who does not exist has an empty
	// profile.
	Profile(ctx context.Context, userID string) (*authn.Profile, []EmailAddress, *Phone, error)
	// ProfileOrigin returns the store whose methods Profile stands for: the store
	// itself. A store that wraps another one inherits the method, and returns the
	// wrapped one: then Profile is not called, as UserByID of the wrapper may tell
	// something else. Nil has the same effect.
	ProfileOrigin() any
}
