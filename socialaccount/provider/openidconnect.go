package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// openIDConnect is a provider that is known by its issuer alone (OpenID Connect
// Core 1.0).
type openIDConnect struct {
	app       App
	info      Info
	client    *http.Client
	discovery *discovery
	tokens    idTokens
	scopes    []string
	params    map[string]string
	pkce      bool
	userInfo  bool
	// authMethod is client_secret_basic, client_secret_post, or empty for what
	// the provider supports.
	authMethod string
	claims     claimNames
	// audiences are the client ids that tokens may be issued for.
	audiences []string
	// issuers are further spellings of the issuer.
	issuers []string
}

// claimNames are where an identity is found in claims and user info.
type claimNames struct{ uid, emailVerified string }

func newOpenIDConnect(app App, deps Deps, e Entry) (*openIDConnect, error) {
	serverURL, err := serverURL(app, e)
	if err != nil {
		return nil, err
	}
	p := &openIDConnect{
		app: app, client: deps.client(), audiences: []string{app.ClientID},
		claims: claimNames{uid: "sub", emailVerified: "email_verified"}, issuers: e.issuers,
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
	p.tokens = idTokens{now: deps.Now, keys: &keySet{client: p.client, now: deps.Now, url: func(ctx context.Context) (string, error) {
		m, err := p.discovery.get(ctx)
		if err != nil {
			return "", err
		}
		return m.JWKSURL, nil
	}}}
	if err := p.configure(e); err != nil {
		return nil, err
	}
	p.info = Info{
		ID: app.id(), Class: app.Provider, Name: e.Name, ClientID: app.ClientID, ClientIDs: p.audiences,
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

func (p *openIDConnect) configure(e Entry) (err error) {
	defaults := []string{"openid", "profile", "email"}
	if e.scopes != nil {
		defaults = e.scopes
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
	if p.pkce, err = p.app.flag("oauth_pkce_enabled", true); err != nil {
		return err
	}
	if p.userInfo, err = p.app.flag("fetch_userinfo", true); err != nil {
		return err
	}
	if p.claims.uid, err = p.app.text("uid_field", p.claims.uid); err != nil {
		return err
	}
	if p.authMethod, err = p.app.text("token_auth_method", ""); err != nil {
		return err
	}
	if !slices.Contains([]string{"", "client_secret_basic", "client_secret_post"}, p.authMethod) {
		return fmt.Errorf(`Settings["token_auth_method"] is %q; use client_secret_basic or client_secret_post`, p.authMethod)
	}
	return nil
}

// Info implements Provider.
func (p *openIDConnect) Info() Info { return p.info }

func (p *openIDConnect) config(m *metadata, redirectURL string) *oauth2.Config {
	style := oauth2.AuthStyleInParams
	basic := slices.Contains(m.AuthMethods, "client_secret_basic") && !slices.Contains(m.AuthMethods, "client_secret_post")
	if p.authMethod == "client_secret_basic" || p.authMethod == "" && basic {
		style = oauth2.AuthStyleInHeader
	}
	return &oauth2.Config{
		ClientID: p.app.ClientID, ClientSecret: p.app.ClientSecret, RedirectURL: redirectURL, Scopes: p.scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthURL, TokenURL: m.TokenURL, AuthStyle: style},
	}
}

// AuthCodeURL implements Provider.
func (p *openIDConnect) AuthCodeURL(ctx context.Context, a Authorization) (string, error) {
	m, err := p.discovery.get(ctx)
	if err != nil {
		return "", fmt.Errorf("ask for endpoints: %w: %w", ErrUnavailable, err)
	}
	options := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("nonce", a.Nonce)}
	if p.pkce {
		options = append(options, oauth2.S256ChallengeOption(a.CodeVerifier))
	}
	if a.Reauthenticate {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return p.config(m, a.RedirectURL).AuthCodeURL(a.State, append(options, authURLParams(p.params)...)...), nil
}

func authURLParams(params map[string]string) []oauth2.AuthCodeOption {
	var options []oauth2.AuthCodeOption
	for _, name := range slices.Sorted(maps.Keys(params)) {
		options = append(options, oauth2.SetAuthURLParam(name, params[name]))
	}
	return options
}

// Exchange implements Provider.
func (p *openIDConnect) Exchange(ctx context.Context, c Callback) (*Identity, error) {
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for endpoints: %w: %w", ErrUnavailable, err)
	}
	if err := checkIssuer(c.Values, m); err != nil {
		return nil, err
	}
	code, err := authorizationCode(c.Values, "")
	if err != nil {
		return nil, err
	}
	var options []oauth2.AuthCodeOption
	if p.pkce {
		options = append(options, oauth2.VerifierOption(c.CodeVerifier))
	}
	token, err := p.config(m, c.RedirectURL).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), code, options...)
	if err != nil {
		return nil, asInvalid(err)
	}
	idToken, _ := token.Extra("id_token").(string)
	claims, err := p.verify(ctx, m, idToken, expected{nonce: c.Nonce, accessToken: token.AccessToken})
	if err != nil {
		return nil, err
	}
	profile, err := p.fetchUserInfo(ctx, m, token, claims)
	if err != nil {
		return nil, err
	}
	extra := map[string]any{"id_token": claims}
	if profile != nil {
		extra["userinfo"] = profile
	} else {
		profile = claims
	}
	return p.identity(profile, claims, extra, token)
}

func (p *openIDConnect) verify(ctx context.Context, m *metadata, idToken string, want expected) (map[string]any, error) {
	if idToken == "" {
		return nil, fmt.Errorf("no ID token: %w", ErrInvalid)
	}
	want.issuers, want.audiences = append([]string{m.Issuer}, p.issuers...), p.audiences
	return p.tokens.verify(ctx, idToken, want)
}

// fetchUserInfo asks for the profile. It must be of the one whom the ID token
// names (OpenID Connect Core 1.0, section 5.3.2).
func (p *openIDConnect) fetchUserInfo(ctx context.Context, m *metadata, token *oauth2.Token, claims map[string]any) (map[string]any, error) {
	if !p.userInfo || m.UserInfoURL == "" {
		return nil, nil
	}
	profile, err := fetchJSON(ctx, p.client, http.MethodGet, m.UserInfoURL, http.Header{"Authorization": {"Bearer " + token.AccessToken}}, "")
	if err != nil {
		return nil, err
	}
	if scalar(profile["sub"]) == "" || scalar(profile["sub"]) != scalar(claims["sub"]) {
		return nil, fmt.Errorf("user info of somebody else: %w", ErrInvalid)
	}
	return profile, nil
}

// VerifyToken implements Provider. An access token alone does not say for whom
// it was issued.
func (p *openIDConnect) VerifyToken(ctx context.Context, t Tokens) (*Identity, error) {
	if t.IDToken == "" {
		if t.AccessToken != "" {
			return nil, fmt.Errorf("an access token alone: %w", ErrInvalid)
		}
		return nil, ErrTokenMissing
	}
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for endpoints: %w: %w", ErrUnavailable, err)
	}
	claims, err := p.verify(ctx, m, t.IDToken, expected{nonce: t.Nonce})
	if err != nil {
		return nil, err
	}
	return p.identity(claims, claims, claims, nil)
}

// Refresh renews a token by its refresh token.
func (p *openIDConnect) Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for endpoints: %w: %w", ErrUnavailable, err)
	}
	return refresh(ctx, p.client, p.config(m, ""), t)
}

// identity reads the claims that OpenID Connect Core 1.0 names in section 5.1.
func (p *openIDConnect) identity(profile, claims, extra map[string]any, token *oauth2.Token) (*Identity, error) {
	uid := scalar(profile[p.claims.uid])
	if uid == "" {
		uid = scalar(claims[p.claims.uid])
	}
	id := &Identity{
		UID: uid, Username: scalar(profile["preferred_username"]),
		FirstName: scalar(profile["given_name"]), LastName: scalar(profile["family_name"]),
		ExtraData: extra, Token: token,
	}
	if id.FirstName == "" && id.LastName == "" {
		id.FirstName, id.LastName = splitName(scalar(profile["name"]))
	}
	if email := scalar(profile["email"]); email != "" {
		id.Emails = []Email{{Address: email, Verified: isTrue(profile[p.claims.emailVerified])}}
	}
	return id, id.check()
}

// splitName divides a full name at the first blank.
func splitName(name string) (first, last string) {
	first, last, _ = strings.Cut(strings.TrimSpace(name), " ")
	return first, strings.TrimSpace(last)
}
