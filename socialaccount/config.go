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
	// Providers are the apps registered with providers of the catalogue.
	Providers []provider.App
	// Custom are providers that are not in the catalogue. Their methods are
	// called before the transaction. Their ID tokens, if they are JWTs, must
	// satisfy the same rules as others: exp and iat are required, and iat is at
	// most an hour ago.
	Custom []provider.Provider
	// CustomTrust says what the host trusts the providers in Custom with, by
	// their ids.
	CustomTrust map[string]provider.Trust

	// DisableAutoSignup always shows the sign-up form to new users, even if the
	// provider sent everything that is required.
	DisableAutoSignup bool
	// EmailRequired says whether new users need an email address. Nil: if
	// "email*" is in account.Config.SignupFields.
	EmailRequired *bool
	// QueryEmail asks providers for the email address. Nil: if an address is
	// required.
	QueryEmail *bool
	// EmailVerification says whether users who log in through a provider must
	// have a verified address. Nil: as Account.EmailVerification says.
	EmailVerification *authn.Verification
	// EmailAuthentication logs a user in to an existing account if the provider
	// has verified an address that is also verified in the account. It trusts
	// every provider with every account; [provider.Trust] sets it for single
	// providers.
	EmailAuthentication bool
	// EmailAuthenticationAutoConnect connects the provider's account at such a
	// login, so that later logins do not depend on the address.
	EmailAuthenticationAutoConnect bool
	// AuthenticateByEmail decides in place of EmailAuthentication and of
	// [provider.Trust] whether an address that the provider has verified logs in to
	// the account of userID, in which the address is verified as well. It is called
	// before the transaction, for each such address until it returns true. The
	// client receives an [*authn.Error]. Nil: as these settings say.
	AuthenticateByEmail func(ctx context.Context, userID, email, providerID string, id *provider.Identity) (bool, error)
	// Only turns off all other ways to log in: passwords, codes and sign-up
	// forms.
	Only bool

	// StoreTokens keeps the providers' tokens, encrypted, for Auth.ProviderToken.
	StoreTokens bool
	// SingleUseIDTokens accepts each ID token of an app once. Otherwise a token
	// without jti and nonce can log in again until an hour after it was issued:
	// the SDKs of Google and others cache a token and return it for that long.
	SingleUseIDTokens bool
	// RequestsTimeout bounds each request to a provider. Zero: 5 seconds.
	RequestsTimeout time.Duration
	// StateTimeout is how long a user may take at the provider. Zero: 10 minutes.
	StateTimeout time.Duration
	// SignupTimeout is how long a user may take for the sign-up form. Zero: 30
	// minutes.
	SignupTimeout time.Duration

	// CallbackPath is the path that providers send browsers back to, in which
	// {id} is replaced by the provider's id. It is part of the redirect URI that
	// is registered with the provider. The handler must be mounted there. Empty:
	// provider/{id}/callback below the API.
	CallbackPath string
	// OpenIDConnectCallbackPath is the CallbackPath of OpenID Connect providers.
	// Empty: CallbackPath.
	OpenIDConnectCallbackPath string

	// PopulateUser may change a user before it is created. It is called before
	// Account.BeforeSignup, and again if another request takes the address or the
	// username meanwhile. The client receives an [*authn.Error].
	PopulateUser func(ctx context.Context, u *authn.NewUser, providerID string, id *provider.Identity) error
	// ExtraData selects what is stored of the profile that the provider sent. It
	// is called once, after the response of the provider. Nil: the whole profile.
	ExtraData func(ctx context.Context, providerID string, profile map[string]any) map[string]any
	// BeforeLogin may refuse a login, sign-up or connection. It is called after
	// the provider has authenticated the user and before anything is stored, and
	// again if another request connects the account at the provider meanwhile.
	// userID is empty for a new user. The client receives an [*authn.Error].
	BeforeLogin func(ctx context.Context, userID, providerID string, id *provider.Identity) error
}

// The callback paths that sites which migrate from Django have registered with
// their providers.
const (
	DjangoCallbackPath              = "/accounts/{id}/login/callback/"
	DjangoOpenIDConnectCallbackPath = "/accounts/oidc/{id}/login/callback/"
)
