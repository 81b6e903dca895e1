package factors

import (
	"context"
	"slices"

	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// cachedStore reads the authenticators of a user once per request or transaction.
type cachedStore struct{ mfa.Store }

// authenticatorsKey is the key under which work remembers the authenticators of a
// user.
type authenticatorsKey string

func (s cachedStore) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	list, err := work.Remember(ctx, authenticatorsKey(userID), func(ctx context.Context) ([]mfa.Authenticator, error) {
		return s.Store.AuthenticatorsByUser(ctx, userID)
	})
	return slices.Clone(list), err
}

func (s cachedStore) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (int64, error) {
	work.Forget(ctx, authenticatorsKey(a.UserID))
	return s.Store.CreateAuthenticator(ctx, a)
}

func (s cachedStore) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	work.Forget(ctx, authenticatorsKey(a.UserID))
	return s.Store.UpdateAuthenticator(ctx, a)
}

func (s cachedStore) DeleteAuthenticator(ctx context.Context, userID string, id int64) error {
	work.Forget(ctx, authenticatorsKey(userID))
	return s.Store.DeleteAuthenticator(ctx, userID, id)
}
