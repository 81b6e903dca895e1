package socialaccount

import (
	"context"
	"errors"
	"time"
)

// Account is an account at a provider, and the user that it logs in.
type Account struct {
	UserID string
	// Provider is the provider's public id, UID its id for the user. Together
	// they are unique. Both are compared exactly, including case.
	Provider, UID string
	// ExtraData is the profile that the provider sent, in JSON.
	ExtraData []byte
	// Token is the provider's token, encrypted. Nil: no token is kept.
	Token []byte
	// CreatedAt is when the account was connected, LastLogin when the provider
	// last authenticated the user.
	CreatedAt, LastLogin time.Time
}

// ErrTokenExpired means that a stored token of a provider has expired and cannot be
// refreshed. The user has to log in with the provider again.
var ErrTokenExpired = errors.New("socialaccount: the provider's token has expired")

// Store stores accounts at providers. Implementations must be safe for concurrent
// use, also by several processes; each method is one atomic step. Times are kept
// to the microsecond.
type Store interface {
	// CreateSocialAccount stores a. It returns [authn.ErrConflict] if any user
	// has an account with its Provider and UID: of any number of concurrent calls
	// one succeeds.
	CreateSocialAccount(ctx context.Context, a Account) error
	// SocialAccount returns the account with that provider and uid, or
	// [authn.ErrNotFound].
	SocialAccount(ctx context.Context, provider, uid string) (*Account, error)
	// SocialAccountsByUser returns the user's accounts in the order in which they
	// were created. In a transaction it locks them: no other transaction can
	// delete one until that transaction ends.
	SocialAccountsByUser(ctx context.Context, userID string) ([]Account, error)
	// SocialAccountsByProvider returns at most limit accounts of the provider whose
	// UID is greater than after, ordered by it. UIDs are compared as bytes.
	SocialAccountsByProvider(ctx context.Context, provider, after string, limit int) ([]Account, error)
	// RekeySocialAccount gives the account with a's UserID, Provider and UID the
	// UID uid and the Token of a. It returns [authn.ErrNotFound] if there is no
	// such account, and [authn.ErrConflict] if any user has an account with
	// Provider and uid: of any number of concurrent calls one succeeds.
	RekeySocialAccount(ctx context.Context, a Account, uid string) error
	// UpdateSocialAccount stores ExtraData and LastLogin of the account with a's
	// UserID, Provider and UID. It returns [authn.ErrNotFound] if there is none.
	UpdateSocialAccount(ctx context.Context, a Account) error
	// SwapSocialToken replaces the token old by new. Nil means that no token is
	// kept. It returns [authn.ErrNotFound] if there is no such account, and
	// [authn.ErrConflict] if the stored token is not old.
	SwapSocialToken(ctx context.Context, provider, uid string, old, new []byte) error
	// DeleteSocialAccount deletes the user's account. It returns
	// [authn.ErrNotFound] if there is none: of several concurrent calls one
	// succeeds.
	DeleteSocialAccount(ctx context.Context, userID, provider, uid string) error
}
