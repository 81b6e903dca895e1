package login

import (
	"cmp"
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Identity is a user with the data that the API shows.
type Identity struct {
	User *authn.User
	// Email is the primary address, empty if there is none.
	Email string
	// HasUsablePassword is false for accounts without a password.
	HasUsablePassword bool
	// AuthHash is the fingerprint of the password. Sessions with another one end.
	AuthHash string
	// Sessions is the number of stored sessions, negative if it is not known.
	Sessions int
}

// NameOf returns the name of a user, empty if there is none.
func NameOf(u *authn.User) string { return cmp.Or(u.Display, u.Username) }

// Identifier loads identities.
type Identifier interface {
	// Identify loads a user. Returns authn.ErrNotFound if there is none, and, after
	// the same work, for the empty id of a decoy.
	Identify(ctx context.Context, userID string) (*Identity, error)
	// IdentityOf returns the identity of a user whose profile was read already.
	IdentityOf(p *authn.Profile) *Identity
	// LoginsEnded returns when the host last ended the pending logins of a user, and the
	// zero time if that is longer ago than a login may be pending. For the empty id of a
	// decoy it does the same work.
	LoginsEnded(ctx context.Context, userID string) (time.Time, error)
}
