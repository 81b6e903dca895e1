package provider

import (
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

// oauth is a provider of the catalogue that speaks OAuth 2.0 (RFC 6749) and
// tells of the user in JSON of its own.
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
	// authURL and tokenURL are the entry's, filled in.
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
	for _, endpoint := range []string{p.authURL, p.tokenURL} {
		u, err := url.Parse(endpoint)
		if err != nil || checkEndpoint(u) != nil {
			return nil, fmt.Errorf("the endpoint %q is not encrypted; use https", endpoint)
		}
	}
	scopes := e.scopes
	if deps.QueryEmail {
		scopes = slices.Concat(scopes, e.emailScopes)
	}
	if p.scopes, err = app.scopes(scopes); err != nil {
		return nil, err
	}
	if p.params, err = app.authParams(); err != nil {
		return nil, err
	}
	maps.Copy(p.params, e.params)
	p.pkce, err = app.flag("oauth_pkce_enabled", !e.noPKCE)
	return p, err
}

func noToken(string) string { return "" }

// Info implements Provider.
func (p *oauth) Info() Info { return p.info }

func (p *oauth) config(redirectURL string) *oauth2.Config {
	style := oauth2.AuthStyleInParams
	if p.entry.basic {
		style = oauth2.AuthStyleInHeader
	}
	c := &oauth2.Config{
		ClientID: p.app.ClientID, ClientSecret: p.app.ClientSecret, RedirectURL: redirectURL,
		Endpoint: oauth2.Endpoint{AuthURL: p.authURL, TokenURL: p.tokenURL, AuthStyle: style},
	}
	if len(p.scopes) > 0 {
		delimiter := p.entry.delimiter
		if delimiter == "" {
			delimiter = " "
		}
		c.Scopes = []string{strings.Join(p.scopes, delimiter)}
	}
	return c
}

// clientIDParam tells a provider the client id under the name it wants.
func (p *oauth) clientIDParam() []oauth2.AuthCodeOption {
	if p.entry.clientIDParam == "" {
		return nil
	}
	return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam(p.entry.clientIDParam, p.app.ClientID)}
}

// AuthCodeURL implements Provider.
func (p *oauth) AuthCodeURL(_ context.Context, a Authorization) (string, error) {
	options := append(p.clientIDParam(), authURLParams(p.params)...)
	if p.pkce {
		options = append(options, oauth2.S256ChallengeOption(a.CodeVerifier))
	}
	if a.Reauthenticate {
		options = append(options, authURLParams(p.entry.reauthenticate)...)
	}
	return p.config(a.RedirectURL).AuthCodeURL(a.State, options...), nil
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
	return p.whoIs(ctx, token)
}

// plainExchange is the token request of RFC 6749, section 4.1.3.
func (p *oauth) plainExchange(ctx context.Context, code string, c Callback, more ...oauth2.AuthCodeOption) (*oauth2.Token, error) {
	options := append(p.clientIDParam(), more...)
	if p.pkce {
		options = append(options, oauth2.VerifierOption(c.CodeVerifier))
	}
	token, err := p.config(c.RedirectURL).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), code, options...)
	if err != nil {
		return nil, asInvalid(err)
	}
	return token, nil
}

// whoIs asks for the profile that a token gives access to.
func (p *oauth) whoIs(ctx context.Context, token *oauth2.Token) (*Identity, error) {
	profile, err := p.firstProfile(ctx, token)
	if err != nil {
		return nil, err
	}
	if p.entry.ok != "" && find(profile, p.entry.ok) == nil {
		return nil, fmt.Errorf("the provider refused: %w", ErrInvalid)
	}
	id := p.entry.identity(profile, token)
	if p.entry.complete != nil {
		if err := p.entry.complete(ctx, p, token, profile, id); err != nil {
			return nil, err
		}
	}
	return id, id.check()
}

// firstProfile fetches the entry's profile. Without one the answer of the token
// endpoint is the profile.
func (p *oauth) firstProfile(ctx context.Context, token *oauth2.Token) (map[string]any, error) {
	if p.entry.profile != "" {
		return p.profile(ctx, token, p.entry.profile)
	}
	profile := map[string]any{}
	for _, name := range []string{"owner", "workspace_id", "workspace_name", "bot_id"} {
		if value := token.Extra(name); value != nil {
			profile[name] = value
		}
	}
	return profile, nil
}

// profile fetches a document as the entry says: with the token in a header, in
// the query, or in both.
func (p *oauth) profile(ctx context.Context, token *oauth2.Token, template string) (map[string]any, error) {
	value, err := p.fetch(ctx, token, template)
	if err != nil {
		return nil, err
	}
	if list, isList := value.([]any); isList {
		value = map[string]any{"list": list}
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the profile is not an object: %w", ErrInvalid)
	}
	return object, nil
}

func (p *oauth) fetch(ctx context.Context, token *oauth2.Token, template string) (any, error) {
	tokenText := func(path string) string {
		if path == "access_token" {
			return token.AccessToken
		}
		first, rest, nested := strings.Cut(path, ".")
		if nested {
			return text(token.Extra(first), rest)
		}
		return fmtScalar(token.Extra(first))
	}
	address, err := expand(template, p.app, p.entry, tokenText)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("the profile's address is malformed: %w", ErrInvalid)
	}
	query := u.Query()
	for name, value := range p.entry.query {
		expanded, err := p.fill(value, tokenText)
		if err != nil {
			return nil, err
		}
		query.Set(name, expanded)
	}
	if p.entry.tokenIn != "" {
		query.Set(p.entry.tokenIn, token.AccessToken)
	}
	if p.entry.signQuery != nil {
		p.entry.signQuery(p, token, query)
	}
	u.RawQuery = query.Encode()
	header := http.Header{}
	if p.entry.scheme != noHeader {
		scheme := p.entry.scheme
		if scheme == "" && p.entry.tokenIn == "" {
			scheme = "Bearer"
		}
		if scheme != "" {
			header.Set("Authorization", scheme+" "+token.AccessToken)
		}
	}
	for name, value := range p.entry.header {
		expanded, err := p.fill(value, tokenText)
		if err != nil {
			return nil, err
		}
		header.Set(name, expanded)
	}
	method := http.MethodGet
	if p.entry.post {
		method = http.MethodPost
	}
	body := p.entry.body
	if p.entry.form != nil {
		body = p.entry.form(p, token).Encode()
	}
	return fetchAny(ctx, p.client, method, u.String(), header, body)
}

// fill expands a value of the query or a header, which may name the app's own
// credentials.
func (p *oauth) fill(value string, token func(string) string) (string, error) {
	switch value {
	case "{client_id}":
		return p.app.ClientID, nil
	case "{client_secret}":
		return p.app.ClientSecret, nil
	case "{key}":
		return p.app.Key, nil
	}
	return expand(value, p.app, p.entry, token)
}

// VerifyToken implements Provider.
func (p *oauth) VerifyToken(context.Context, Tokens) (*Identity, error) {
	return nil, ErrTokenUnsupported
}

// Refresh renews a token by its refresh token.
func (p *oauth) Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	return refresh(ctx, p.client, p.config(""), t)
}
