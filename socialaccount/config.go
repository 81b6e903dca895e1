package socialaccount

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// Config turns on login through third parties. The zero value of every field is
// the safe choice.
type Config struct {
	// Providers are the registrations with providers of the catalogue.
	Providers []provider.App
	// Custom are providers that are not in the catalogue. Their methods are called
	// before the transaction. Their ID tokens, if
	// they are JWTs, are held to the rules of the others: exp and iat are
	// required, and iat is at most an hour ago.
	Custom []provider.Provider
	// CustomTrust is what the host believes of providers in Custom, by their ids.
	CustomTrust map[string]provider.Trust

	// DisableAutoSignup always shows the form to new users, even where the
	// provider told everything that is needed.
	DisableAutoSignup bool
	// EmailRequired tells whether new users need an address. Nil: if
	// "email*" is in account.Config.SignupFields.
	EmailRequired *bool
	// QueryEmail asks providers for the address. Nil: if an address is
	// required.
	QueryEmail *bool
	// EmailVerification says whether users who log in through a provider must have
	// a verified address. Nil: as Account.EmailVerification says.
	EmailVerification *authn.Verification
	// EmailAuthentication signs people in to the existing account that has
	// proved an address which the provider vouches for as well. It trusts every
	// provider with every account, so it is better set for single providers.
	EmailAuthentication bool
	// EmailAuthenticationAutoConnect connects the provider's account at such a
	// login, so that later ones do not depend on the address.
	EmailAuthenticationAutoConnect bool
	// Only leaves no other way in: no passwords, codes or sign-up forms.
	Only bool

	// StoreTokens keeps the providers' tokens, encrypted, for
	// Auth.ProviderToken.
	StoreTokens bool
	// SingleUseIDTokens accepts each ID token of an app once. Otherwise a token
	// without an id (jti) and a nonce logs in again until an hour after it was
	// issued: the kits of Google and others keep a token and hand it out for
	// that long.
	SingleUseIDTokens bool
	// RequestsTimeout bounds each call to a provider. Zero: 5 seconds.
	RequestsTimeout time.Duration
	// StateTimeout is how long somebody may take at the provider. Zero: 10
	// minutes.
	StateTimeout time.Duration
	// SignupTimeout is how long the form of a sign-up may stay open. Zero: 30
	// minutes.
	SignupTimeout time.Duration

	// CallbackPath is where providers send browsers back to: a path in which
	// {id} stands for the provider. It is part of the redirect URI that is
	// registered with the provider. Empty: provider/{id}/callback below the
	// API. The handler must be mounted there.
	CallbackPath string
	// OpenIDConnectCallbackPath is the CallbackPath of OpenID Connect
	// providers. Empty: CallbackPath.
	OpenIDConnectCallbackPath string

	// PopulateUser may change a user before it is created. It is called before
	// Account.BeforeSignup, and again if another request takes the address or the
	// username meanwhile. An *authn.Error is shown to the client.
	PopulateUser func(ctx context.Context, u *authn.NewUser, providerID string, id *provider.Identity) error
	// ExtraData chooses what is stored of the profile that the provider sent. It is
	// called once, when the provider has answered. Nil: all of it.
	ExtraData func(ctx context.Context, providerID string, profile map[string]any) map[string]any
	// BeforeLogin may veto a login, sign-up or connection. It is called when the
	// provider has vouched for a user and before anything is stored, and again if
	// another request connects the account at the provider meanwhile. userID is empty
	// for a new user. An *authn.Error is shown to the client.
	BeforeLogin func(ctx context.Context, userID, providerID string, id *provider.Identity) error
}

// The callback paths that sites which come from Django have registered with
// their providers.
const (
	DjangoCallbackPath              = "/accounts/{id}/login/callback/"
	DjangoOpenIDConnectCallbackPath = "/accounts/oidc/{id}/login/callback/"
)
