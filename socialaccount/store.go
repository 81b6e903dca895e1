package socialaccount

import (
	"context"
	"time"
)

// Account is somebody's account at a provider, and whom it logs in.
type Account struct {
	UserID string
	// Provider is the provider's public id, UID its own id for the user.
	// Together they are unique. Both are compared exactly, case included.
	Provider, UID string
	// ExtraData is the profile as the provider sent it, in JSON.
	ExtraData []byte
	// Token is the provider's token, encrypted. Nil: none is kept.
	Token []byte
	// CreatedAt is when the account was connected, LastLogin when the provider
	// last vouched for its user.
	CreatedAt, LastLogin time.Time
}

// Store keeps accounts at providers. Implementations must be safe for
// concurrent use, also by several processes; each method is one atomic step.
// Times are kept to the microsecond.
type Store interface {
	// CreateSocialAccount stores a. ErrConflict if its Provider and UID are
	// there already, whoever they belong to: of any number of parallel callers
	// one succeeds.
	CreateSocialAccount(ctx context.Context, a Account) error
	// SocialAccount returns the account with that provider and uid, or
	// ErrNotFound.
	SocialAccount(ctx context.Context, provider, uid string) (*Account, error)
	// SocialAccountsByUser returns the user's accounts in the order in which
	// they were created. Inside InTx no other transaction can delete any of
	// them until that one ends.
	SocialAccountsByUser(ctx context.Context, userID string) ([]Account, error)
	// UpdateSocialAccount stores ExtraData and LastLogin of the account with
	// a's UserID, Provider and UID, or returns ErrNotFound.
	UpdateSocialAccount(ctx context.Context, a Account) error
	// SwapSocialToken stores a token in place of old, provided that old is what
	// is stored; nil means that there is none. ErrConflict if it changed
	// meanwhile, ErrNotFound if there is no such account.
	SwapSocialToken(ctx context.Context, provider, uid string, old, new []byte) error
	// DeleteSocialAccount deletes the user's account. ErrNotFound if there is
	// none, so that one of several parallel callers wins.
	DeleteSocialAccount(ctx context.Context, userID, provider, uid string) error
}
