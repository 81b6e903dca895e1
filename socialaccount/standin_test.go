package socialaccount_test

import (
	"context"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth/socialaccount/provider"
)

type standin struct {
	id, name, issuer, clientID, secret string
}

func (s *standin) Info() provider.Info {
	return provider.Info{ID: s.id, Class: "openid_connect", Name: s.name, ClientID: s.clientID, ClientIDs: []string{s.clientID},
		OpenIDConfigurationURL: s.issuer + "/.well-known/openid-configuration", Redirect: true, Token: true}
}

func (s *standin) config(ctx context.Context, back string) (*oidc.Provider, *oauth2.Config, error) {
	p, err := oidc.NewProvider(ctx, s.issuer)
	if err != nil {
		return nil, nil, provider.ErrUnavailable
	}
	return p, &oauth2.Config{ClientID: s.clientID, ClientSecret: s.secret, Endpoint: p.Endpoint(), RedirectURL: back, Scopes: []string{"openid", "email", "profile"}}, nil
}

func (s *standin) AuthCodeURL(ctx context.Context, a provider.Authorization) (string, error) {
	_, c, err := s.config(ctx, a.RedirectURL)
	if err != nil {
		return "", err
	}
	opts := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.CodeVerifier)}
	if a.Reauthenticate {
		opts = append(opts, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return c.AuthCodeURL(a.State, opts...), nil
}

func (s *standin) Exchange(ctx context.Context, cb provider.Callback) (*provider.Identity, error) {
	if iss := cb.Values.Get("iss"); iss != "" && iss != s.issuer {
		return nil, provider.ErrInvalid
	}
	p, c, err := s.config(ctx, cb.RedirectURL)
	if err != nil {
		return nil, err
	}
	t, err := c.Exchange(ctx, cb.Values.Get("code"), oauth2.VerifierOption(cb.CodeVerifier))
	if err != nil {
		return nil, provider.ErrInvalid
	}
	raw, _ := t.Extra("id_token").(string)
	id, err := s.verify(ctx, p, raw, cb.Nonce)
	if err != nil {
		return nil, err
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(t))
	if err != nil || info.Subject != id.UID {
		return nil, provider.ErrInvalid
	}
	id.Token = t
	return id, nil
}

func (s *standin) verify(ctx context.Context, p *oidc.Provider, raw, nonce string) (*provider.Identity, error) {
	t, err := p.Verifier(&oidc.Config{ClientID: s.clientID}).Verify(ctx, raw)
	if err != nil || nonce != "" && t.Nonce != nonce {
		return nil, provider.ErrInvalid
	}
	var c map[string]any
	if t.Claims(&c) != nil {
		return nil, provider.ErrInvalid
	}
	if len(t.Audience) > 1 && c["azp"] != s.clientID {
		return nil, provider.ErrInvalid
	}
	id := &provider.Identity{UID: t.Subject, ExtraData: c}
	if mail, ok := c["email"].(string); ok {
		id.Emails = []provider.Email{{Address: mail, Verified: c["email_verified"] == true}}
	}
	id.FirstName, _ = c["name"].(string)
	return id, nil
}

func (s *standin) VerifyToken(ctx context.Context, t provider.Tokens) (*provider.Identity, error) {
	if t.IDToken == "" {
		return nil, provider.ErrTokenMissing
	}
	p, _, err := s.config(ctx, "")
	if err != nil {
		return nil, err
	}
	return s.verify(ctx, p, t.IDToken, t.Nonce)
}
