package login

import (
	"cmp"
	"context"

	"github.com/allauth-go/allauth/authn"
)

// Identity is a user with what the wire shows of them.
type Identity struct {
	User *authn.User
	// Email is the primary address, empty if there is none.
	Email string
	// HasUsablePassword is false for accounts that log in by other means.
	HasUsablePassword bool
	// AuthHash is the fingerprint that ends sessions opened with an older
	// password.
	AuthHash string
	// Sessions is the number of stored sessions, negative if it is not known.
	Sessions int
}

// NameOf returns what a user is called, empty if they gave no name.
func NameOf(u *authn.User) string { return cmp.Or(u.Display, u.Username) }

// Identifier loads identities. ErrNotFound if there is no such user.
type Identifier interface {
	// Identify looks the user up. authn.ErrNotFound if there is none, and for the
	// empty id of a decoy, for which it does the same work.
	Identify(ctx context.Context, userID string) (*Identity, error)
	// IdentityOf returns the identity of a user whose profile was read already.
	IdentityOf(p *authn.Profile) *Identity
}
