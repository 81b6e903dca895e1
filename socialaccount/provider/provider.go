package provider

import (
	"cmp"
	"context"
	"net/url"

	"golang.org/x/oauth2"
)

// Provider is one registration with one third party. Implementations are safe
// for concurrent use, and every call ends within the time limit of their HTTP
// client.
type Provider interface {
	// Info says what the API tells of the provider.
	Info() Info
	// AuthCodeURL returns where the browser goes to log in. It fails with
	// ErrUnavailable if the provider can not be asked for its endpoints.
	AuthCodeURL(ctx context.Context, a Authorization) (string, error)
	// Exchange turns what the provider sent back into an identity. It returns
	// ErrCancelled if the user declined, ErrInvalid for an answer that proves
	// nothing, and ErrUnavailable if the provider does not answer.
	Exchange(ctx context.Context, c Callback) (*Identity, error)
	// VerifyToken verifies tokens that a client got by itself. It returns
	// ErrTokenMissing if none is given that this provider can verify, and
	// otherwise fails like Exchange.
	VerifyToken(ctx context.Context, t Tokens) (*Identity, error)
	// Refresh returns a new token for one that has a refresh token (RFC 6749
	// section 6). It returns ErrTokenUnsupported if tokens of the provider cannot
	// be renewed, ErrInvalid if there is no refresh token or the provider refuses
	// it, and ErrUnavailable if the provider does not answer. The new token has the
	// old refresh token if the provider sent no other.
	Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error)
}

// Info describes a provider.
type Info struct {
	// ID names the provider on the wire and in the store, like "google". For
	// OpenID Connect it is the configured provider id.
	ID string
	// Class is the entry of the catalogue, like "google" or "openid_connect".
	Class string
	// Name is for people.
	Name string
	// ClientID is empty where the wire does not show one.
	ClientID string
	// ClientIDs are all client ids that a token may have been issued for.
	ClientIDs []string
	// OpenIDConfigurationURL is empty for all but OpenID Connect.
	OpenIDConfigurationURL string
	// Redirect and Token are the flows the provider supports.
	Redirect, Token bool
	// CallbackByPost is true for a provider that answers with a form, which
	// the browser posts across sites.
	CallbackByPost bool
	// CallbackInFragment is true for a provider that answers behind the # of
	// the callback's address, which browsers keep to themselves. The page at the
	// callback brings it into the query.
	CallbackInFragment bool
}

// Authorization is what goes into an authorization request.
type Authorization struct {
	// State ties the answer to the browser (RFC 6749 section 10.12), Nonce
	// ties the ID token to the request (OpenID Connect Core 3.1.2.1).
	State, Nonce string
	// CodeVerifier is the secret of PKCE (RFC 7636). Its S256 challenge is sent
	// if the provider tolerates that.
	CodeVerifier string
	// RedirectURL is where the provider sends the browser back to.
	RedirectURL string
	// Reauthenticate asks the provider to have the user log in again.
	Reauthenticate bool
}

// Callback is what came back, with what the request was made of.
type Callback struct {
	// Values are the parameters of the query, or of the form where
	// Info.CallbackByPost is true.
	Values url.Values
	// Nonce, CodeVerifier and RedirectURL are those of the Authorization.
	Nonce, CodeVerifier, RedirectURL string
}

// Tokens are what a client shows in place of a redirect.
type Tokens struct {
	ClientID, IDToken, AccessToken string
	// Nonce must be in the ID token if it is not empty.
	Nonce string
}

// Identity is who the provider says somebody is.
type Identity struct {
	// UID is the provider's own stable id for the user. Never empty, at most
	// 191 bytes, without control characters and blanks around it.
	UID string
	// Emails are the addresses, the preferred one first.
	Emails []Email
	// Username, FirstName and LastName may be empty.
	Username, FirstName, LastName string
	// ExtraData is the profile as the provider sent it.
	ExtraData map[string]any
	// Token is nil where there is none to keep.
	Token *oauth2.Token
	// IDToken is the ID token that was verified, empty if the identity comes
	// from something else. It is remembered, so that it cannot be used again
	// where it must not be.
	IDToken string
}

// Email is an address that a provider told of.
type Email struct {
	Address string
	// Verified is true only if the provider vouches for it.
	Verified bool
}

// App is a registration with a provider: what its developer console showed.
type App struct {
	// Provider is the entry of the catalogue, like "google".
	Provider string
	// ProviderID tells several OpenID Connect providers apart. Empty: Provider.
	ProviderID string
	// Name is for people. Only OpenID Connect providers use it.
	Name string
	// ClientID and ClientSecret are what the provider issued.
	ClientID, ClientSecret string
	// Key is a third value that the provider issued: Apple's team, or the key of an
	// app of Odnoklassniki or Stack Exchange. Required there, refused elsewhere.
	Key string
	// Settings are what this provider is told beside that.
	Settings Settings
	// Trust is what the host believes of the provider.
	Trust Trust
	// Hidden accepts tokens for the app, but shows no client that it exists: for the
	// second and third client id of one provider.
	Hidden bool
}

// id is what the registration is called on the wire.
func (a App) id() string { return cmp.Or(a.ProviderID, a.Provider) }
