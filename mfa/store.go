package mfa

import (
	"context"
	"time"
)

// Authenticator is a stored authenticator of a user. A set of recovery codes is
// one authenticator.
type Authenticator struct {
	// ID is a positive number that is never reused.
	ID     int64
	UserID string
	Type   Type
	// Name is the user's name for a security key.
	Name string
	// Claim is unique among the authenticators of all users. It prevents that a
	// user has two apps, or that a key is registered twice.
	Claim string
	// Data is private to the type, and encrypted.
	Data []byte
	// Counter is, for an app, the time step up to which all codes are refused;
	// for a key, its signature counter.
	Counter int64
	// Version counts the updates of the row.
	Version int64
	// CreatedAt is when the authenticator was added. LastUsedAt is zero before
	// the first use.
	CreatedAt, LastUsedAt time.Time
}

// Store stores authenticators. Implementations must be safe for concurrent use,
// also by several processes; each method is one atomic step. Times are kept to
// the microsecond.
type Store interface {
	// CreateAuthenticator stores a and returns its new ID; a.ID is ignored. It
	// returns authn.ErrConflict if another row has the same Claim.
	CreateAuthenticator(ctx context.Context, a Authenticator) (int64, error)
	// AuthenticatorsByUser returns the user's authenticators, ordered by ID. In a
	// transaction it locks these rows until the transaction ends.
	AuthenticatorsByUser(ctx context.Context, userID string) ([]Authenticator, error)
	// AuthenticatorByClaim returns the authenticator with the Claim, or
	// authn.ErrNotFound. In a transaction it locks the row until the
	// transaction ends.
	AuthenticatorByClaim(ctx context.Context, claim string) (*Authenticator, error)
	// UpdateAuthenticator stores Name, Data, Counter and LastUsedAt of the row
	// with a.ID and a.UserID, and adds one to its Version. It returns
	// authn.ErrNotFound if there is no such row, and authn.ErrConflict if its
	// Version is not a.Version: of any number of concurrent calls one succeeds.
	UpdateAuthenticator(ctx context.Context, a Authenticator) error
	// DeleteAuthenticator deletes the user's authenticator. It returns
	// authn.ErrNotFound if there is none: of several concurrent calls one
	// succeeds.
	DeleteAuthenticator(ctx context.Context, userID string, id int64) error
}
