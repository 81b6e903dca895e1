package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// The registration of this application with the demo provider.
const (
	demoClientID     = "quickstart"
	demoClientSecret = "known to everybody"
)

// demoLogin is a login through an OpenID provider that runs in this process. It
// shows what a provider of one's own takes.
type demoLogin struct {
	server    *demoprovider.Provider
	discovery *oidc.Provider
}

func startDemoLogin(ctx context.Context) (*demoLogin, error) {
	server, err := demoprovider.Start(demoprovider.Config{ClientID: demoClientID, ClientSecret: demoClientSecret}, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	discovery, err := oidc.NewProvider(ctx, server.Issuer())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("discover the demo provider: %w", err), server.Close(ctx))
	}
	return &demoLogin{server, discovery}, nil
}

// origins are where the page sends browsers to. It is safe to call on nil.
func (d *demoLogin) origins() []string {
	if d == nil {
		return nil
	}
	return []string{d.server.Issuer()}
}

// close stops the provider. It is safe to call on nil.
func (d *demoLogin) close(ctx context.Context) error {
	if d == nil {
		return nil
	}
	return d.server.Close(ctx)
}

// Info implements provider.Provider.
func (d *demoLogin) Info() provider.Info {
	return provider.Info{ID: "demo", Class: "demo", Name: "Demo provider", Redirect: true}
}

func (d *demoLogin) config(redirectURL string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: demoClientID, ClientSecret: demoClientSecret, Endpoint: d.discovery.Endpoint(),
		RedirectURL: redirectURL, Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// AuthCodeURL implements provider.Provider.
func (d *demoLogin) AuthCodeURL(_ context.Context, a provider.Authorization) (string, error) {
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.CodeVerifier)}
	if a.Reauthenticate {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return d.config(a.RedirectURL).AuthCodeURL(a.State, options...), nil
}

// Exchange implements provider.Provider.
func (d *demoLogin) Exchange(ctx context.Context, c provider.Callback) (*provider.Identity, error) {
	if c.Values.Get("iss") != d.server.Issuer() {
		return nil, fmt.Errorf("answer of another issuer: %w", provider.ErrInvalid)
	}
	tokens, err := d.config(c.RedirectURL).Exchange(ctx, c.Values.Get("code"), oauth2.VerifierOption(c.CodeVerifier))
	if err != nil {
		return nil, fmt.Errorf("exchange code: %w: %w", provider.ErrInvalid, err)
	}
	text, _ := tokens.Extra("id_token").(string) // without one, verification fails
	idToken, err := d.discovery.Verifier(&oidc.Config{ClientID: demoClientID}).Verify(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("verify ID token: %w: %w", provider.ErrInvalid, err)
	}
	if subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(c.Nonce)) != 1 {
		return nil, fmt.Errorf("nonce of another request: %w", provider.ErrInvalid)
	}
	return identity(idToken)
}

func identity(t *oidc.IDToken) (*provider.Identity, error) {
	var claims struct {
		Name          string `json:"name"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
	}
	if err := t.Claims(&claims); err != nil {
		return nil, fmt.Errorf("ID token: %w: %w", provider.ErrInvalid, err)
	}
	id := &provider.Identity{UID: t.Subject, FirstName: claims.Name}
	if err := t.Claims(&id.ExtraData); err != nil {
		return nil, fmt.Errorf("ID token: %w: %w", provider.ErrInvalid, err)
	}
	if claims.Email != "" {
		id.Emails = []provider.Email{{Address: claims.Email, Verified: claims.EmailVerified}}
	}
	return id, nil
}

// VerifyToken implements provider.Provider: there is no app of this provider.
func (d *demoLogin) VerifyToken(context.Context, provider.Tokens) (*provider.Identity, error) {
	return nil, provider.ErrTokenUnsupported
}
