package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// openIDConnect is a provider that is known by its issuer alone (OpenID Connect
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
	// pkce, nonce and userInfo say what is made use of.
	pkce, nonce, userInfo bool
	// authMethod is client_secret_basic, client_secret_post, or empty for what
	// the provider supports.
	authMethod string
	claims     claimNames
}

// claimNames are where an identity is found in claims and user info;
// emailVerified may be a path, see find.
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
	if p.discovery, err = newDiscovery(serverURL, p.client, deps.Now); err != nil {
		return nil, err
	}
	if e.metadata != "" {
		p.discovery.url = e.metadata
	}
	p.tokens = idTokens{now: deps.Now, keys: &keySet{client: p.client, now: deps.Now, url: func(ctx context.Context) (string, error) {
		m, err := p.discovery.get(ctx)
		if err != nil {
			return "", err
		}
		return m.JWKSURL, nil
	}}}
	if err := p.configure(); err != nil {
		return nil, err
	}
	p.info = Info{
		ID: app.id(), Class: app.Provider, Name: e.Name, ClientID: app.ClientID, ClientIDs: ids,
		Redirect: true, Token: true,
	}
	if e.Generic {
		p.info.OpenIDConfigurationURL = p.discovery.url
		if app.Name != "" {
			p.info.Name = app.Name
		}
	}
	return p, nil
}

// clientIDs are the client ids of an app: several are divided by commas, as an
// app for phones has another one than the site. The first one is ours.
func clientIDs(app App) []string {
	var ids []string
	for id := range strings.SplitSeq(app.ClientID, ",") {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// serverURL is the issuer: that of the catalogue, with what the host has to
// fill in, or the host's own.
func serverURL(app App, e Entry) (string, error) {
	if e.issuer != "" {
		address, err := expand(e.issuer, app, e, nil)
		if err != nil || address == "" {
			return "", err
		}
		return app.text("server_url", address)
	}
	address, err := app.text("server_url", "")
	if err == nil && address == "" {
		err = errors.New(`Settings["server_url"] is missing; set it to the issuer, like https://id.example.com`)
	}
	return address, err
}

func (p *openIDConnect) configure() (err error) {
	defaults := []string{"openid", "profile", "email"}
	if p.entry.scopes != nil {
		defaults = p.entry.scopes
	}
	if p.scopes, err = p.app.scopes(defaults); err != nil {
		return err
	}
	if !slices.Contains(p.scopes, "openid") {
		p.scopes = append([]string{"openid"}, p.scopes...)
	}
	if p.params, err = p.app.authParams(); err != nil {
		return err
	}
	standard := !knowsNeither(p.discovery.issuer)
	if p.pkce, err = p.app.flag("oauth_pkce_enabled", standard); err != nil {
		return err
	}
	if p.nonce, err = p.app.flag("nonce_enabled", standard); err != nil {
		return err
	}
	if p.userInfo, err = p.app.flag("fetch_userinfo", true); err != nil {
		return err
	}
	if p.claims.uid, err = p.app.text("uid_field", p.claims.uid); err != nil {
		return err
	}
	if p.claims.uid == "" {
		return errors.New(`Settings["uid_field"] is empty; leave it out, or name the claim that tells users apart`)
	}
	if p.authMethod, err = p.app.text("token_auth_method", ""); err != nil {
		return err
	}
	if !slices.Contains([]string{"", "client_secret_basic", "client_secret_post"}, p.authMethod) {
		return fmt.Errorf(`Settings["token_auth_method"] is %q; use client_secret_basic or client_secret_post`, p.authMethod)
	}
	return nil
}

// knowsNeither is true for LinkedIn, whose ID tokens have no nonce and which
// refuses a code_verifier.
func knowsNeither(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && u.Host == "www.linkedin.com"
}

// Info implements Provider.
func (p *openIDConnect) Info() Info { return p.info }
