package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// Entry is a provider of the catalogue. The unexported fields are the data that
// the Provider is made from.
type Entry struct {
	// ID is the value of App.Provider. Name is shown to users.
	ID, Name string
	// Generic is true for entries whose name the host sets.
	Generic bool

	// issuer makes an OpenID Connect provider; metadata is the URL of its
	// metadata if that is not below the issuer. tokenInfo is the URL of the
	// request for the audience of an access token. anyParty accepts ID tokens
	// that the provider issued for us to another client of ours. adjust may
	// change the identity last.
	issuer, metadata, tokenInfo string
	anyParty                    bool
	adjust                      func(id *Identity)

	// authorize, token and profile are the endpoints of an OAuth 2.0 provider;
	// expand replaces what is in braces.
	authorize, token, profile string
	// scopes are requested, and emailScopes as well if the host wants the email
	// address. delimiter separates them. Empty: a space.
	scopes, emailScopes []string
	delimiter           string
	// noPKCE is for providers that refuse unknown parameters, basic for those
	// that require the client secret in a header.
	noPKCE, basic bool
	// clientIDParam is another name for client_id. redirectParam is a second name
	// for redirect_uri in the authorization request.
	clientIDParam, redirectParam string
	// params are added to the authorization request, reauthenticate if the user
	// shall log in again.
	params, reauthenticate map[string]string
	// scheme precedes the token in the Authorization header of the profile
	// request: Bearer by default, unless form is set, or tokenIn puts the token in
	// the query, where proxies and logs see it: tokenReason says why it must be
	// there. query, header and body are added to the request; post makes it a POST.
	scheme, tokenIn, tokenReason string
	query, header                map[string]string
	post                         bool
	body                         string
	// The paths of members in the profile, see find. verified is the rule of
	// Entry.emailVerified.
	uid, email, verified, username, name, first, last string
	// mutableUID says why uid is a name or an address, which can change hands: why
	// the provider has nothing better.
	mutableUID string
	// oldUID is the path of another id that never changes hands, oldName that of a
	// name. Accounts may be stored under each of them. storedUID is the path of uid
	// in a stored profile. Empty: uid.
	oldUID, oldName, storedUID string
	// ok is a path that must have a value, for providers whose errors look like
	// profiles.
	ok string
	// defaults are the defaults of settings. settings are the names of all
	// settings that build reads, if it makes a provider without one of the
	// protocols. key describes App.Key, if the provider has one.
	defaults map[string]string
	settings []string
	key      string
	// noClient is for providers without a client id.
	noClient bool
	// within is the domain of the profile's host, for providers that send the
	// profile's address in the token response: the token is sent to no other
	// host.
	within string
	// codeParam is the name of the code in the callback. exchange exchanges the
	// code for a token, for providers whose request is not that of OAuth 2.0.
	codeParam string
	exchange  func(ctx context.Context, p *oauth, code string, c Callback) (*oauth2.Token, error)
	// signQuery adds to the query of the profile request. form makes its body, with
	// the token, and the request a POST.
	signQuery func(p *oauth, token *oauth2.Token, query url.Values)
	form      func(p *oauth, token *oauth2.Token) url.Values
	// complete adds to the identity what takes further requests or rules.
	complete func(ctx context.Context, p *oauth, token *oauth2.Token, profile map[string]any, id *Identity) error
	// build makes the provider, if data is not enough.
	build func(app App, deps Deps, e Entry) (Provider, error)
}

// noHeader as a scheme sends no Authorization header.
const noHeader = "-"

// New returns the provider of an app. It returns [ErrUnknownClass] if the
// catalogue has no such provider; any other error names the setting that is
// wrong, and the fix.
func New(app App, deps Deps) (Provider, error) {
	i := slices.IndexFunc(catalogue, func(e Entry) bool { return e.ID == app.Provider })
	if i < 0 {
		return nil, fmt.Errorf("%q: %w", app.Provider, ErrUnknownClass)
	}
	e := catalogue[i]
	switch hasID := len(clientIDs(app)) > 0; {
	case !hasID && !e.noClient:
		return nil, errors.New("ClientID is empty; set it to what the provider issued")
	case hasID && e.noClient:
		return nil, fmt.Errorf("ClientID does nothing for %s; leave it out", e.ID)
	}
	if err := app.checkKey(e); err != nil {
		return nil, err
	}
	if err := app.Settings.check(e); err != nil {
		return nil, err
	}
	app.Settings = app.Settings.clone()
	deps = deps.withDefaults()
	switch {
	case e.build != nil:
		return e.build(app, deps, e)
	case e.Generic || e.issuer != "":
		return newOpenIDConnect(app, deps, e)
	}
	return newOAuth(app, deps, e)
}

// Catalogue returns the providers of the catalogue, sorted by id.
func Catalogue() []Entry { return slices.Clone(catalogue) }

// catalogue holds all providers, sorted by id.
var catalogue = slices.SortedFunc(slices.Values(slices.Concat(openIDConnectEntries(), oauthEntries(), ownEntries())), func(a, b Entry) int {
	return strings.Compare(a.ID, b.ID)
})
