package allauth

import (
	"context"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"golang.org/x/oauth2"
)

// newSocial creates the service of the providers.
func (a *Auth) newSocial(deps *work.Deps, challenges *codes.Challenges) (*social.Service, error) {
	return social.New(a.cfg.SocialAccount, a.store, a.store.Base(), deps, challenges, social.Options{
		BasePath:       a.cfg.Headless.BasePath,
		TrustedOrigins: a.cfg.TrustedOrigins,
		Build: func(app provider.App) (provider.Provider, error) {
			return provider.New(app, provider.Deps{
				Timeout: a.cfg.SocialAccount.RequestsTimeout, Now: a.cfg.Now, QueryEmail: a.queriesEmail(), Logger: a.cfg.Logger,
			})
		},
		Development: isLoopback(a.cfg.hostname()),
	})
}

// queriesEmail reports whether providers are asked for the email address: as
// SocialAccount.QueryEmail says, or else if new users need one.
func (a *Auth) queriesEmail() bool {
	for _, choice := range []*bool{a.cfg.SocialAccount.QueryEmail, a.cfg.SocialAccount.EmailRequired} {
		if choice != nil {
			return *choice
		}
	}
	return slices.Contains(a.cfg.Account.SignupFields, "email*")
}

// ProviderToken returns a source of the user's token for the API of the provider
// with that public id. The source refreshes the token when it has expired and
// stores the new one, so several servers can use it. ctx bounds every call,
// except that a refresh that has begun is finished. It requires
// SocialAccount.StoreTokens.
//
// It returns [authn.ErrNotFound] if no token of the user is stored. The Token
// method of the source returns [socialaccount.ErrTokenExpired] if the user has to
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

// RekeySocialAccounts stores accounts at Bitbucket, Pinterest, Reddit, SoundCloud
// and Tumblr under the id by which users log in today, if an earlier version, or
// django-allauth, stored them under a name or an older id. It reads the id from the
// stored profile and asks no provider. Users of accounts under a name that they
// have given up cannot log in with them until then. Call it once after an upgrade
// or an import.
//
// It returns the accounts, without their tokens, that it could not move: their
// stored profile has no id, or their user has another account under it.
func (a *Auth) RekeySocialAccounts(ctx context.Context) ([]socialaccount.Account, error) {
	if a.social == nil {
		return nil, nil
	}
	left, err := a.social.Rekey(ctx)
	if err != nil {
		return left, fmt.Errorf("allauth: %w", err)
	}
	return left, nil
}
