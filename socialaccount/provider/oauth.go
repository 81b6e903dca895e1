package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// oauth is a provider of the catalogue that speaks OAuth 2.0 (RFC 6749) and has
// its own form of profile.
type oauth struct {
	app    App
	entry  Entry
	info   Info
	client *http.Client
	scopes []string
	params map[string]string
	pkce   bool
	email  bool
	now    func() time.Time
	// authURL and tokenURL are the endpoints of the entry, with settings
	// inserted.
	authURL, tokenURL string
}

func newOAuth(app App, deps Deps, e Entry) (*oauth, error) {
	p := &oauth{
		app: app, entry: e, client: deps.client(), email: deps.QueryEmail, now: deps.Now,
		info: Info{ID: app.id(), Class: app.Provider, Name: e.Name, ClientID: app.ClientID, ClientIDs: []string{app.ClientID}, Redirect: true},
	}
	var err error
	if p.authURL, err = expand(e.authorize, app, e, noToken); err != nil {
		return nil, err
	}
	if p.tokenURL, err = expand(e.token, app, e, noToken); err != nil {
		return nil, err
	}
	p.scopes = e.scopes
	if deps.QueryEmail {
		p.scopes = slices.Concat(p.scopes, e.emailScopes)
	}
	if app.Settings.Scopes != nil {
		p.scopes = app.Settings.Scopes
	}
	p.params = map[string]string{}
	maps.Copy(p.params, e.params)
	maps.Copy(p.params, app.Settings.AuthParams)
	switch {
	case app.Settings.UIDField != "":
		p.entry.uid, p.entry.oldUID, p.entry.oldName = app.Settings.UIDField, "", ""
	case e.oldUID != "" || e.oldName != "":
		p.info.storedUID = cmp.Or(e.storedUID, e.uid)
	}
	p.pkce = orElse(app.Settings.PKCE, !e.noPKCE)
	return p, nil
}

// orElse returns the setting, or the fallback if it is nil.
func orElse(setting *bool, fallback bool) bool {
	if setting != nil {
		return *setting
	}
	return fallback
}

func noToken(string) string { return "" }

// Info implements Provider.
func (p *oauth) Info() Info { return p.info }

func (p *oauth) endpoint(redirectURL string) tokenEndpoint {
	style := oauth2.AuthStyleInParams
	if p.entry.basic {
		style = oauth2.AuthStyleInHeader
	}
	config := &oauth2.Config{
		ClientID: p.app.ClientID, ClientSecret: p.app.ClientSecret, RedirectURL: redirectURL,
		Endpoint: oauth2.Endpoint{AuthURL: p.authURL, TokenURL: p.tokenURL, AuthStyle: style},
	}
	if len(p.scopes) > 0 {
		config.Scopes = []string{strings.Join(p.scopes, cmp.Or(p.entry.delimiter, " "))}
	}
	return tokenEndpoint{client: p.client, now: p.now, Config: config}
}

// AuthCodeURL implements Provider.
func (p *oauth) AuthCodeURL(_ context.Context, a Authorization) (string, error) {
	options := authURLParams(p.params)
	if p.pkce {
		options = append(options, oauth2.S256ChallengeOption(a.CodeVerifier))
	}
	if a.Reauthenticate {
		options = append(options, authURLParams(p.entry.reauthenticate)...)
	}
	if p.entry.redirectParam != "" {
		options = append(options, oauth2.SetAuthURLParam(p.entry.redirectParam, a.RedirectURL))
	}
	address := p.endpoint(a.RedirectURL).AuthCodeURL(a.State, options...)
	if p.entry.clientIDParam == "" {
		return address, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("parse the authorization endpoint: %w", err)
	}
	query := u.Query()
	query.Del("client_id")
	query.Set(p.entry.clientIDParam, p.app.ClientID)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// Exchange implements Provider.
func (p *oauth) Exchange(ctx context.Context, c Callback) (*Identity, error) {
	code, err := authorizationCode(c.Values, p.entry.codeParam)
	if err != nil {
		return nil, err
	}
	var token *oauth2.Token
	if p.entry.exchange != nil {
		token, err = p.entry.exchange(ctx, p, code, c)
	} else {
		token, err = p.plainExchange(ctx, code, c)
	}
	if err != nil {
		return nil, err
	}
	return p.fetchIdentity(ctx, token)
}

// plainExchange sends the token request of RFC 6749. The client id is also sent
// under the name that the provider requires.
func (p *oauth) plainExchange(ctx context.Context, code string, c Callback, more ...oauth2.AuthCodeOption) (*oauth2.Token, error) {
	if p.entry.clientIDParam != "" {
		more = append(more, oauth2.SetAuthURLParam(p.entry.clientIDParam, p.app.ClientID))
	}
	if p.pkce {
		more = append(more, oauth2.VerifierOption(c.CodeVerifier))
	}
	return p.endpoint(c.RedirectURL).exchange(ctx, code, more...)
}

// VerifyToken implements Provider.
func (p *oauth) VerifyToken(context.Context, Tokens) (*Identity, error) {
	return nil, ErrTokenUnsupported
}

// Refresh implements Provider.
func (p *oauth) Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	if p.entry.exchange != nil {
		return nil, fmt.Errorf("%s does not refresh tokens as in RFC 6749: %w", p.entry.Name, ErrTokenUnsupported)
	}
	return p.endpoint("").refresh(ctx, t)
}
