package provider

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/oauth2"
)

func (p *openIDConnect) endpoint(m *metadata, redirectURL string) tokenEndpoint {
	style := oauth2.AuthStyleInParams
	basic := names(m.AuthMethods, "client_secret_basic") && !names(m.AuthMethods, "client_secret_post")
	if p.app.ClientSecret != "" && (p.authMethod == "client_secret_basic" || p.authMethod == "" && basic) {
		style = oauth2.AuthStyleInHeader
	}
	return tokenEndpoint{client: p.client, now: p.now, Config: &oauth2.Config{
		ClientID: p.app.ClientID, ClientSecret: p.app.ClientSecret, RedirectURL: redirectURL, Scopes: p.scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthURL, TokenURL: m.TokenURL, AuthStyle: style},
	}}
}

// AuthCodeURL implements Provider.
func (p *openIDConnect) AuthCodeURL(ctx context.Context, a Authorization) (string, error) {
	m, err := p.discovery.get(ctx)
	if err != nil {
		return "", err
	}
	options := authURLParams(p.entry.params)
	if p.nonce {
		options = append(options, oauth2.SetAuthURLParam("nonce", a.Nonce))
	}
	if p.pkce {
		options = append(options, oauth2.S256ChallengeOption(a.CodeVerifier))
	}
	if p.info.CallbackByPost {
		options = append(options, oauth2.SetAuthURLParam("response_mode", "form_post"))
	}
	options = append(options, authURLParams(p.params)...)
	switch again := p.entry.reauthenticate; {
	case !a.Reauthenticate:
	case again != nil:
		options = append(options, authURLParams(again)...)
	default: // OpenID Connect Core 1.0, section 3.1.2.1; max_age makes the ID token contain auth_time
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return p.endpoint(m, a.RedirectURL).AuthCodeURL(a.State, options...), nil
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
		return nil, err
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
	asksUserInfo := p.userInfo && m.UserInfoURL != ""
	endpoint := p.endpoint(m, c.RedirectURL)
	endpoint.onlyIDToken = !asksUserInfo
	token, err := endpoint.exchange(ctx, code, options...)
	if err != nil {
		return nil, err
	}
	want := p.expected(m)
	want.accessToken = token.AccessToken
	if p.nonce {
		if c.Nonce == "" {
			return nil, fmt.Errorf("no nonce in the callback: %w", ErrInvalid)
		}
		want.nonce = c.Nonce
	}
	idToken, _ := token.Extra("id_token").(string)
	said, err := p.tokens.verify(ctx, idToken, want)
	if err != nil {
		return nil, err
	}
	extra := map[string]any{"id_token": map[string]any(said)}
	if !asksUserInfo {
		return p.identity(nil, said, extra, token, idToken)
	}
	profile, err := p.fetchUserInfo(ctx, m, token, said)
	if err != nil {
		return nil, err
	}
	extra["userinfo"] = map[string]any(profile)
	return p.identity(profile, said, extra, token, idToken)
}

func (p *openIDConnect) expected(m *metadata) expected {
	return expected{issuer: m.Issuer, algorithms: m.algorithms(), audiences: p.info.ClientIDs}
}

// fetchUserInfo requests the user info, which may be signed. Its sub must be that of
// the ID token (OpenID Connect Core 1.0, section 5.3.2).
func (p *openIDConnect) fetchUserInfo(ctx context.Context, m *metadata, token *oauth2.Token, said claims) (claims, error) {
	header := http.Header{"Authorization": {"Bearer " + token.AccessToken}, "Accept": {"application/json, application/jwt"}}
	response, err := fetch(ctx, p.client, http.MethodGet, m.UserInfoURL, header, "")
	if err != nil {
		return nil, err
	}
	var profile claims
	if response.isJWT() {
		profile, err = p.tokens.verifyUserInfo(ctx, response, p.expected(m))
	} else {
		profile, err = response.object()
	}
	if err != nil {
		return nil, err
	}
	if exact(profile["sub"]) == "" || exact(profile["sub"]) != exact(said["sub"]) {
		return nil, fmt.Errorf("sub of the user info is not that of the ID token: %w", ErrInvalid)
	}
	return profile, nil
}

// VerifyToken implements Provider. An access token is accepted only if the
// provider can be asked for its audience.
func (p *openIDConnect) VerifyToken(ctx context.Context, t Tokens) (*Identity, error) {
	if t.IDToken == "" && t.AccessToken == "" {
		return nil, ErrTokenMissing
	}
	if t.IDToken == "" && p.entry.tokenInfo == "" {
		return nil, fmt.Errorf("access token without an ID token: %w", ErrInvalid)
	}
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, err
	}
	if t.IDToken == "" {
		return p.verifyAccessToken(ctx, m, t.AccessToken)
	}
	want := p.expected(m)
	want.nonce, want.anyParty = t.Nonce, p.entry.anyParty
	said, err := p.tokens.verify(ctx, t.IDToken, want)
	if err != nil {
		return nil, err
	}
	return p.identity(nil, said, said, nil, t.IDToken)
}

// verifyAccessToken requests the audience of a token, and then the user info.
func (p *openIDConnect) verifyAccessToken(ctx context.Context, m *metadata, access string) (*Identity, error) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	answer, err := fetchJSON(ctx, p.client, http.MethodPost, p.entry.tokenInfo, form, url.Values{"access_token": {access}}.Encode())
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.info.ClientIDs, exact(answer["aud"])) {
		return nil, fmt.Errorf("the audience of the token is not our client: %w", ErrInvalid)
	}
	token := shownToken(access, answer["exp"])
	profile, err := p.fetchUserInfo(ctx, m, token, answer)
	if err != nil {
		return nil, err
	}
	return p.identity(profile, nil, profile, token, "")
}

// Refresh implements Provider.
func (p *openIDConnect) Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, err
	}
	return p.endpoint(m, "").refresh(ctx, t)
}
