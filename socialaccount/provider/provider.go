package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"

	"golang.org/x/oauth2"
)

// Provider is an app registered with a third party. Implementations must be safe
// for concurrent use, and every call must end within the timeout of their HTTP
// client.
type Provider interface {
	// Info describes the provider.
	Info() Info
	// AuthCodeURL returns the URL to which the browser is redirected. It returns
	// [ErrUnavailable] if the provider's endpoints cannot be requested.
	AuthCodeURL(ctx context.Context, a Authorization) (string, error)
	// Exchange returns the identity for a callback of the provider. It returns
	// [ErrCancelled] if the user declined, [ErrInvalid] if the callback does not
	// authenticate the user, and [ErrUnavailable] if the provider does not
	// answer.
	Exchange(ctx context.Context, c Callback) (*Identity, error)
	// VerifyToken returns the identity for tokens that the client got from the
	// provider. It returns [ErrTokenMissing] if none of them can be verified by
	// this provider, and otherwise the errors of Exchange.
	VerifyToken(ctx context.Context, t Tokens) (*Identity, error)
	// Refresh returns a new token for one with a refresh token (RFC 6749 section
	// 6). The new token keeps the old refresh token if the provider sent no
	// other. It returns [ErrTokenUnsupported] if tokens of the provider cannot be
	// refreshed, [ErrInvalid] if there is no refresh token or the provider
	// refuses it, and [ErrUnavailable] if the provider does not answer.
	Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error)
}

// Info describes a provider.
type Info struct {
	// ID identifies the provider on the wire and in the store, like "google". For
	// OpenID Connect it is the configured provider id.
	ID string
	// Class is the entry of the catalogue, like "google" or "openid_connect".
	Class string
	// Name is shown to users.
	Name string
	// ClientID is empty if responses of the API do not contain one.
	ClientID string
	// ClientIDs are all accepted audiences of a token.
	ClientIDs []string
	// OpenIDConfigurationURL is set for OpenID Connect only.
	OpenIDConfigurationURL string
	// Redirect and Token are the flows that the provider supports.
	Redirect, Token bool
	// CallbackByPost is true if the provider's callback is a form that the
	// browser posts across sites.
	CallbackByPost bool
	// CallbackInFragment is true if the callback's parameters are in the fragment
	// of the URL, which browsers do not send. The page at the callback must copy
	// them to the query.
	CallbackInFragment bool
	// Development is true for the provider by which everyone can log in as anyone.
	// allauth.New refuses it unless BaseURL is on this machine.
	Development bool

	storedUID string // the path of the id in a stored profile
}

// StoredUID returns the id of the user in the stored profile of an account, empty
// if the profile has none. rekeyed is false if accounts of the provider were never
// stored under another id.
func (i Info) StoredUID(profile []byte) (uid string, rekeyed bool) {
	var members map[string]any
	if i.storedUID != "" && json.Unmarshal(profile, numbers(&members)) == nil {
		uid = exact(find(members, i.storedUID))
	}
	return uid, i.storedUID != ""
}

// Authorization holds the parameters of an authorization request.
type Authorization struct {
	// State binds the response to the browser (RFC 6749 section 10.12), Nonce the
	// ID token to the request (OpenID Connect Core 3.1.2.1).
	State, Nonce string
	// CodeVerifier is the secret of PKCE (RFC 7636). Its S256 challenge is sent
	// unless the provider refuses it.
	CodeVerifier string
	// RedirectURL is the URL that the provider sends the browser back to.
	RedirectURL string
	// Reauthenticate makes the user log in again at the provider.
	Reauthenticate bool
}

// Callback holds the parameters of a callback, and those of its request.
type Callback struct {
	// Values are the parameters of the query, or of the form if
	// Info.CallbackByPost is set.
	Values url.Values
	// Nonce, CodeVerifier and RedirectURL are those of the Authorization.
	Nonce, CodeVerifier, RedirectURL string
}

// Tokens are the tokens that a client sends in place of a redirect.
type Tokens struct {
	ClientID, IDToken, AccessToken string
	// Nonce is the required nonce of the ID token. Empty: any.
	Nonce string
	// User is what the provider told the app of the user beside the tokens, as JSON.
	// It is not signed, so only a name is read: {"name": {"firstName": …,
	// "lastName": …}} from Apple, which tells it at the first login only.
	User string
}

// Identity is the user as described by the provider.
type Identity struct {
	// UID is the provider's own stable id of the user: never empty, at most 255
	// bytes, without control characters and surrounding blanks.
	UID string
	// OldUID is another id under which the account may be stored, and which the
	// provider never gives to another user. OldName is a name, which it may: such
	// an account is the user's only if its stored profile has UID where Info says,
	// which only the Info of a provider of the catalogue does. Empty: none.
	OldUID, OldName string
	// Emails are the addresses. The preferred one comes first.
	Emails []Email
	// Username, FirstName and LastName may be empty.
	Username, FirstName, LastName string
	// ExtraData is the profile that the provider sent.
	ExtraData map[string]any
	// Token is nil if the provider issued none that can be kept.
	Token *oauth2.Token
	// IDToken is the verified ID token, empty if there was none. It is remembered
	// to prevent a replay.
	IDToken string
}

// Email is an email address of an identity.
type Email struct {
	Address string
	// Verified is true only if the provider says that it has verified the
	// address.
	Verified bool
}

// App is the registration of an app with a provider.
type App struct {
	// Provider is the entry of the catalogue, like "google".
	Provider string
	// ProviderID distinguishes several OpenID Connect providers. Empty: Provider.
	ProviderID string
	// Name is shown to users, for OpenID Connect providers.
	Name string
	// ClientID and ClientSecret are issued by the provider.
	ClientID, ClientSecret string
	// Key is a third value that the provider issued: Apple's team id, or the
	// public key of an app of Odnoklassniki. Required there, refused elsewhere.
	Key string
	// Settings are the further settings of this provider.
	Settings Settings
	// Trust says what the host trusts the provider with.
	Trust Trust
	// Hidden accepts tokens for the app without listing it to clients: for the
	// second and third client id of one provider.
	Hidden bool
}

// id returns the provider's id on the wire.
func (a App) id() string { return cmp.Or(a.ProviderID, a.Provider) }
