package allauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"golang.org/x/oauth2"
)

// newSocial makes what knows the providers.
func (a *Auth) newSocial(deps *work.Deps, challenges *codes.Challenges) (*social.Service, error) {
	return social.New(a.cfg.SocialAccount, a.store, a.store.Base(), deps, challenges, social.Options{
		BasePath:       a.cfg.Headless.BasePath,
		TrustedOrigins: a.cfg.TrustedOrigins,
		Build: func(app provider.App) (provider.Provider, error) {
			return provider.New(app, provider.Deps{Timeout: a.cfg.SocialAccount.RequestsTimeout, Now: a.cfg.Now, QueryEmail: a.queriesEmail()})
		},
	})
}

// queriesEmail reports whether providers are asked for the address: where the
// host says so, or else where new users need one.
func (a *Auth) queriesEmail() bool {
	for _, choice := range []*bool{a.cfg.SocialAccount.QueryEmail, a.cfg.SocialAccount.EmailRequired} {
		if choice != nil {
			return *choice
		}
	}
	return slices.Contains(a.cfg.Account.SignupFields, "email*")
}

// ProviderToken returns the user's token for calls to a provider's own API,
// named by the provider's public id. It renews itself, and keeps what it gets in
// the store, so it may be used by several servers at once; ctx bounds every
// call, but a renewal that has begun is finished. It needs
// SocialAccount.StoreTokens. authn.ErrNotFound if no token is kept for the user;
// its Token method returns socialaccount.ErrTokenExpired where the user has to
// log in with the provider again.
func (a *Auth) ProviderToken(ctx context.Context, userID, providerID string) (oauth2.TokenSource, error) {
	if a.social == nil {
		return nil, fmt.Errorf("allauth: SocialAccount is nil: %w", authn.ErrNotFound)
	}
	source, err := a.social.TokenSource(ctx, userID, providerID)
	if err != nil {
		return nil, fmt.Errorf("allauth: %w", err)
	}
	return source, nil
}
