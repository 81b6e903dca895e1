package account

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// EmailAddress is one address of one user. Several users may have the same
// address until one of them has verified it.
type EmailAddress struct {
	UserID string
	// Email is in the form of identifier.Email.
	Email     string
	Verified  bool
	Primary   bool
	CreatedAt time.Time
	// OwnerUnverified is set by EmailsByAddress of a [Store]: the user has verified
	// no email address and no phone number.
	OwnerUnverified bool
}

// EmailStore stores email addresses. Implementations must be safe for concurrent
// use; each method is one atomic step.
type EmailStore interface {
	// AddEmail stores a. It returns [authn.ErrConflict] if
	//
	//   - the user already has the address,
	//   - a is verified, or exclusive is set, and another user has verified the
	//     address, or
	//   - exclusive is set and another user has added the address exclusively.
	//
	// Of any number of concurrent exclusive calls for one address exactly one
	// succeeds. Verifying an address, or adding it as verified, ends the
	// exclusive claims of other users.
	AddEmail(ctx context.Context, a EmailAddress, exclusive bool) error
	// EmailsByUser returns the user's addresses in the order in which they were
	// added.
	EmailsByUser(ctx context.Context, userID string) ([]EmailAddress, error)
	// EmailsByAddress returns the address of every user who has it: the verified
	// one first, then in the order in which they were added. A store of email
	// addresses alone leaves OwnerUnverified unset.
	EmailsByAddress(ctx context.Context, email string) ([]EmailAddress, error)
	// VerifyEmail marks the user's address as verified, and reports whether it
	// was unverified before. It returns [authn.ErrNotFound] if the user does not
	// have the address, and [authn.ErrConflict] if another user has verified it.
	VerifyEmail(ctx context.Context, userID, email string) (bool, error)
	// SetPrimaryEmail makes the address the only primary one of the user. It
	// returns [authn.ErrNotFound] if the user does not have the address.
	SetPrimaryEmail(ctx context.Context, userID, email string) error
	// DeleteEmail deletes the user's address. It returns [authn.ErrNotFound] if
	// the user does not have it: of several concurrent calls one succeeds.
	DeleteEmail(ctx context.Context, userID, email string) error
}

// PasswordStore stores password hashes. Implementations must be safe for
// concurrent use.
type PasswordStore interface {
	// PasswordHash returns the stored hash, or [authn.ErrNotFound] if the user
	// has no password.
	PasswordHash(ctx context.Context, userID string) (string, error)
	// SwapPasswordHash stores the new hash if the stored one equals old, in one
	// atomic step. An empty old means that there is none. It returns
	// [authn.ErrConflict] if the stored hash differs from old.
	SwapPasswordHash(ctx context.Context, userID, old, new string) error
	// NextPasswordHash returns the smallest stored hash of any user, compared
	// byte by byte, that is not less than from, or [authn.ErrNotFound] if there
	// is none. It is called a few times a minute to learn which hash formats are
	// stored, and needs an index: its time must not grow with the number of
	// users. A store that encrypts its hashes, and so cannot compare them, may
	// search a list with one made-up hash of each format.
	NextPasswordHash(ctx context.Context, from string) (string, error)
}

// UsernameStore maps usernames to users. Implementations must be safe for
// concurrent use.
type UsernameStore interface {
	// ClaimUsername assigns the username to the user. canonical is in the form of
	// identifier.Username. It returns [authn.ErrConflict] if the username is
	// taken, also by the same user.
	ClaimUsername(ctx context.Context, userID, canonical string) error
	// UserIDByUsername returns the ID of the user with that username, or
	// [authn.ErrNotFound].
	UserIDByUsername(ctx context.Context, canonical string) (string, error)
}

// Phone is the phone number of a user. A user has at most one.
type Phone struct {
	UserID string
	// Number is in E.164 form: a plus sign and digits.
	Number   string
	Verified bool
	// OwnerUnverified is set by PhonesByNumber of a [Store]: the user has verified
	// no email address and no phone number.
	OwnerUnverified bool
}

// PhoneStore stores phone numbers. Implementations must be safe for concurrent
// use; each method is one atomic step.
type PhoneStore interface {
	// SetPhone stores p in place of the user's earlier number. It returns
	// [authn.ErrConflict] if
	//
	//   - another user has verified the number, or
	//   - exclusive is set and another user has set the number exclusively.
	//
	// Of any number of concurrent exclusive calls for one number exactly one
	// succeeds. Verifying a number, or setting it as verified, ends the exclusive
	// claims of other users.
	SetPhone(ctx context.Context, p Phone, exclusive bool) error
	// VerifyPhone marks the user's number as verified. It returns
	// [authn.ErrNotFound] if the user does not have the number, and
	// [authn.ErrConflict] if another user has verified it.
	VerifyPhone(ctx context.Context, userID, number string) error
	// DeletePhone deletes the user's number. It is not an error if there is none.
	DeletePhone(ctx context.Context, userID string) error
	// PhoneByUser returns the user's number, or [authn.ErrNotFound].
	PhoneByUser(ctx context.Context, userID string) (*Phone, error)
	// PhonesByNumber returns the number of every user who has it, the verified
	// one first. A store of phone numbers alone leaves OwnerUnverified unset.
	PhonesByNumber(ctx context.Context, number string) ([]Phone, error)
}

// Store is the sum of the stores of accounts.
type Store interface {
	EmailStore
	PasswordStore
	UsernameStore
	PhoneStore

	// Profile returns in one step what UserByID, PasswordHash, EmailsByUser and
	// PhoneByUser return. For an unknown user it returns an empty profile. If it
	// is called, CreateUser must return the user as UserByID does.
	Profile(ctx context.Context, userID string) (*authn.Profile, []EmailAddress, *Phone, error)
	// ProfileOrigin returns the store whose methods Profile replaces: the store
	// itself. A store that embeds another one inherits the method and so returns
	// the embedded one. Profile is not called then, as the outer store may
	// override UserByID. Nil has the same effect.
	ProfileOrigin() any
}
