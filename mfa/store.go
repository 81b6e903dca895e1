package mfa

import (
	"context"
	"time"
)

// Authenticator is one authenticator of one user, as it is stored. A set of
// recovery codes is one authenticator.
type Authenticator struct {
	// ID is a positive number that is never used again.
	ID     int64
	UserID string
	Type   Type
	// Name is what the user calls a security key.
	Name string
	// Claim may stand on one row only, among all users. It keeps a user from
	// having two apps, and a key from being registered twice.
	Claim string
	// Data is private to the type, and encrypted.
	Data []byte
	// Counter is the time step of an app up to which all codes are refused, or
	// the signature counter of a key.
	Counter int64
	// Version counts the updates of the row.
	Version int64
	// CreatedAt is when it was added. LastUsedAt is zero before the first use.
	CreatedAt, LastUsedAt time.Time
}

// Store is all that this room keeps. Implementations must be safe for
// concurrent use, also by several processes; each method is one atomic step.
// Times are kept to the microsecond.
type Store interface {
	// CreateAuthenticator stores a, whose ID is not used, and returns the id
	// that it got. ErrConflict if another row has the same Claim.
	CreateAuthenticator(ctx context.Context, a Authenticator) (int64, error)
	// AuthenticatorsByUser returns the user's authenticators in the order of
	// their ids. Within a transaction the rows stay as they are, for everybody
	// else, until it ends.
	AuthenticatorsByUser(ctx context.Context, userID string) ([]Authenticator, error)
	// AuthenticatorByClaim returns the row with that Claim, or ErrNotFound.
	// Within a transaction it stays as it is until that ends.
	AuthenticatorByClaim(ctx context.Context, claim string) (*Authenticator, error)
	// UpdateAuthenticator stores Name, Data, Counter and LastUsedAt of the row
	// with a.ID and a.UserID and raises its Version by one, provided that the
	// stored Version equals a.Version: ErrConflict otherwise, so that one of
	// any number of parallel callers wins, and ErrNotFound if there is no such
	// row.
	UpdateAuthenticator(ctx context.Context, a Authenticator) error
	// DeleteAuthenticator deletes the user's authenticator. ErrNotFound if
	// there is none, so that one of several parallel callers wins.
	DeleteAuthenticator(ctx context.Context, userID string, id int64) error
}
