package provider

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/oauth2"
)

// Entry is one provider of the catalogue. What is not exported is the data that
// a Provider is made of.
type Entry struct {
	// ID is what App.Provider names, Name is for people.
	ID, Name string
	// Slug is the segment of Django's callback path, empty if it is the ID.
	Slug string
	// Generic is true for entries that the host names itself.
	Generic bool

	// issuer makes an OpenID Connect provider; metadata is where it publishes its
	// endpoints if that is not below the issuer. tokenInfo tells for whom an
	// access token was issued. anyParty is for providers that issue tokens for us
	// to other clients of ours. adjust has the last word on the identity.
	issuer, metadata, tokenInfo string
	anyParty                    bool
	adjust                      func(id *Identity)

	// authorize, token and profile are the endpoints of an OAuth 2.0 provider;
	// see expand for what may stand in braces.
	authorize, token, profile string
	// scopes are asked for; emailScopes as well, where the host wants the
	// address. delimiter stands between them, a blank if it is empty.
	scopes, emailScopes []string
	delimiter           string
	// noPKCE is for providers that refuse what they do not know, basic for those
	// that want the client's secret in a header.
	noPKCE, basic bool
	// clientIDParam is another name for client_id. redirectParam is a second name
	// for redirect_uri in the authorization request.
	clientIDParam, redirectParam string
	// params are added to the authorization request, reauthenticate where the
	// user is to log in again.
	params, reauthenticate map[string]string
	// scheme precedes the token in the Authorization header of the profile's
	// request: Bearer unless tokenIn puts the token in the query. query, header
	// and body complete the request, post makes it a POST.
	scheme, tokenIn string
	query, header   map[string]string
	post            bool
	body            string
	// The paths of the profile, see find. verified is the rule of Entry.vouches.
	uid, email, verified, username, name, first, last string
	// ok is a path that must lead to something, where refusals look like
	// profiles.
	ok string
	// defaults are the values of settings that may be left out. settings are the
	// names of all settings that build reads, where it does not make a provider of
	// the protocol. key describes App.Key, where the provider has one.
	defaults map[string]string
	settings []string
	key      string
	// within is the domain of a profile whose address the token's answer names:
	// the token is shown to nobody else.
	within string
	// codeParam is what the answer calls the code, exchange turns it into a token
	// where the request is not that of OAuth 2.0.
	codeParam string
	exchange  func(ctx context.Context, p *oauth, code string, c Callback) (*oauth2.Token, error)
	// signQuery adds to the query of the profile's request, form makes its body.
	signQuery func(p *oauth, token *oauth2.Token, query url.Values)
	form      func(p *oauth, token *oauth2.Token) url.Values
	// complete adds what takes further calls or thought.
	complete func(ctx context.Context, p *oauth, token *oauth2.Token, profile map[string]any, id *Identity) error
	// build makes the provider, where data are not enough.
	build func(app App, deps Deps, e Entry) (Provider, error)
}

// noHeader as a scheme sends no Authorization header.
const noHeader = "-"

// New returns the provider that an app is registered with. ErrUnknownClass if
// the catalogue has none of that name; any other error names the setting that is
// wrong, and the fix.
func New(app App, deps Deps) (Provider, error) {
	i := slices.IndexFunc(catalogue, func(e Entry) bool { return e.ID == app.Provider })
	if i < 0 {
		return nil, fmt.Errorf("%q: %w", app.Provider, ErrUnknownClass)
	}
	e := catalogue[i]
	if len(clientIDs(app)) == 0 {
		return nil, errors.New("ClientID is empty; set it to what the provider issued")
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

// Catalogue returns the providers there are, by their ids.
func Catalogue() []Entry { return slices.Clone(catalogue) }

// catalogue is every provider, sorted by id.
var catalogue = slices.SortedFunc(slices.Values(slices.Concat(openIDConnectEntries(), oauthEntries(), ownEntries())), func(a, b Entry) int {
	switch {
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
})
