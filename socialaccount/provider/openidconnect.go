package provider

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// openIDConnect is a provider that is configured by its issuer (OpenID Connect
// Core 1.0).
type openIDConnect struct {
	app       App
	entry     Entry
	info      Info
	client    *http.Client
	now       func() time.Time
	discovery *discovery
	tokens    idTokens
	scopes    []string
	params    map[string]string
	// pkce, nonce and userInfo say which of these are used.
	pkce, nonce, userInfo bool
	// authMethod is client_secret_basic, client_secret_post, or empty for one
	// that the provider supports.
	authMethod string
	claims     claimNames
}

// claimNames are the names of claims of an identity. emailVerified may be a path,
// see find.
type claimNames struct{ uid, emailVerified, username string }

func newOpenIDConnect(app App, deps Deps, e Entry) (Provider, error) {
	serverURL, err := serverURL(app, e)
	if err != nil {
		return nil, err
	}
	ids := clientIDs(app)
	app.ClientID = ids[0]
	p := &openIDConnect{
		app: app, entry: e, client: deps.client(), now: deps.Now,
		claims: claimNames{uid: "sub", emailVerified: "email_verified", username: "preferred_username"},
	}
	if e.uid != "" {
		p.claims.uid = e.uid
	}
	if e.verified != "" {
		p.claims.emailVerified = e.verified
	}
	if p.discovery, err = newDiscovery(serverURL, app.Settings.Issuer, p.client, deps.Now); err != nil {
		return nil, err
	}
	if e.metadata != "" {
		p.discovery.url = e.metadata
	}
	p.tokens = idTokens{now: deps.Now, keys: &keySet{client: p.client, now: deps.Now, logger: deps.Logger, url: func(ctx context.Context) (string, error) {
		m, err := p.discovery.get(ctx)
		if err != nil {
			return "", err
		}
		return m.JWKSURL, nil
	}}}
	p.configure()
	p.info = Info{
		ID: app.id(), Class: app.Provider, Name: e.Name, ClientID: app.ClientID, ClientIDs: ids,
		Redirect: true, Token: true, CallbackByPost: app.Settings.FormPost,
	}
	if e.Generic {
		p.info.OpenIDConfigurationURL = p.discovery.url
		if app.Name != "" {
			p.info.Name = app.Name
		}
	}
	return p, nil
}

// clientIDs returns the client ids of an app, which are separated by commas: a
// mobile app has another id than the site. The first one is used in requests.
func clientIDs(app App) []string {
	var ids []string
	for id := range strings.SplitSeq(app.ClientID, ",") {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// serverURL returns the issuer: that of the catalogue, with settings inserted, or
// the host's own.
func serverURL(app App, e Entry) (string, error) {
	if e.issuer != "" {
		return expand(e.issuer, app, e, nil)
	}
	if app.Settings.ServerURL == "" {
		return "", errors.New("Settings.ServerURL is empty; set it to the issuer, like https://id.example.com")
	}
	return app.Settings.ServerURL, nil
}

func (p *openIDConnect) configure() {
	s := p.app.Settings
	p.scopes = []string{"openid", "profile", "email"}
	switch {
	case s.Scopes != nil:
		p.scopes = s.Scopes
	case p.entry.scopes != nil:
		p.scopes = p.entry.scopes
	}
	if !slices.Contains(p.scopes, "openid") {
		p.scopes = append([]string{"openid"}, p.scopes...)
	}
	standard := !isLinkedIn(p.discovery.issuer)
	p.params, p.authMethod = s.AuthParams, s.TokenAuthMethod
	p.pkce, p.nonce, p.userInfo = orElse(s.PKCE, standard), orElse(s.Nonce, standard), !s.SkipUserInfo
	p.claims.uid = cmp.Or(s.UIDField, p.claims.uid)
}

// isLinkedIn reports whether the issuer is LinkedIn, whose ID tokens have no
// nonce and which refuses a code_verifier.
func isLinkedIn(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && u.Host == "www.linkedin.com"
}

// Info implements Provider.
func (p *openIDConnect) Info() Info { return p.info }
