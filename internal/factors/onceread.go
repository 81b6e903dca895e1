package factors

import (
	"context"
	"slices"

	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// onceRead reads the authenticators of a user once in a request or transaction.
type onceRead struct{ mfa.Store }

// authenticatorsKey is the key under which those of a user are remembered.
type authenticatorsKey string

func (s onceRead) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	list, err := work.Remember(ctx, authenticatorsKey(userID), func(ctx context.Context) ([]mfa.Authenticator, error) {
		return s.Store.AuthenticatorsByUser(ctx, userID)
	})
	return slices.Clone(list), err
}

func (s onceRead) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (int64, error) {
	work.Forget(ctx, authenticatorsKey(a.UserID))
	return s.Store.CreateAuthenticator(ctx, a)
}

func (s onceRead) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	work.Forget(ctx, authenticatorsKey(a.UserID))
	return s.Store.UpdateAuthenticator(ctx, a)
}

func (s onceRead) DeleteAuthenticator(ctx context.Context, userID string, id int64) error {
	work.Forget(ctx, authenticatorsKey(userID))
	return s.Store.DeleteAuthenticator(ctx, userID, id)
}
