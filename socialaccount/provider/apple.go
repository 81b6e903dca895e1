package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
)

const (
	appleIssuer   = "https://appleid.apple.com"
	appleKeys     = "https://appleid.apple.com/auth/keys"
	appleAuthURL  = "https://appleid.apple.com/auth/authorize"
	appleTokenURL = "https://appleid.apple.com/auth/token"
	// appleSecretLifetime is how long a client secret is valid.
	appleSecretLifetime = 5 * time.Minute
)

// apple is Sign in with Apple: OpenID Connect with a client secret that the
// client signs, and a response that the browser posts.
type apple struct {
	app      App
	info     Info
	client   *http.Client
	now      func() time.Time
	tokens   idTokens
	signer   jose.Signer
	scopes   []string
	params   map[string]string
	pkce     bool
	clientID string
}

// newApple reads the key id from ClientSecret, the team id from Key, and the
// private key, in PEM, from Settings.CertificateKey. ClientID may list several
// ids, separated by commas: ID tokens are accepted for all of them, and requests
// use the first.
func newApple(app App, deps Deps, e Entry) (Provider, error) {
	signer, err := appleSigner(app.Settings.CertificateKey, app.ClientSecret)
	if err != nil {
		return nil, err
	}
	scopes := []string{"name"}
	if deps.QueryEmail {
		scopes = append(scopes, "email")
	}
	if app.Settings.Scopes != nil {
		scopes = app.Settings.Scopes
	}
	ids := clientIDs(app)
	client := deps.client()
	return &apple{
		app: app, client: client, now: deps.Now, signer: signer, scopes: scopes, params: app.Settings.AuthParams, pkce: orElse(app.Settings.PKCE, true), clientID: ids[0],
		tokens: idTokens{now: deps.Now, keys: &keySet{client: client, now: deps.Now, logger: deps.Logger, url: func(context.Context) (string, error) { return appleKeys, nil }}},
		info: Info{
			ID: app.id(), Class: app.Provider, Name: e.Name, ClientID: app.ClientID, ClientIDs: ids,
			Redirect: true, Token: true, CallbackByPost: true,
		},
	}, nil
}

func appleSigner(text, keyID string) (jose.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New(`Settings.CertificateKey is not in PEM; paste the .p8 file that Apple issued`)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New(`Settings.CertificateKey holds no private key; paste the .p8 file that Apple issued`)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New(`Settings.CertificateKey is not an ECDSA key; paste the .p8 file that Apple issued`)
	}
	if keyID == "" {
		return nil, errors.New("ClientSecret is empty; set it to the id of the key")
	}
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", keyID))
}

// clientSecret returns a new client secret, a JWT that is valid for a few
// minutes.
func (p *apple) clientSecret() (string, error) {
	now := p.now()
	return jwt.Signed(p.signer).Claims(jwt.Claims{
		Issuer: p.app.Key, Subject: p.clientID, Audience: jwt.Audience{appleIssuer},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(appleSecretLifetime)),
	}).Serialize()
}

// Info implements Provider.
func (p *apple) Info() Info { return p.info }

func (p *apple) endpoint(redirectURL string) (tokenEndpoint, error) {
	secret, err := p.clientSecret()
	if err != nil {
		return tokenEndpoint{}, fmt.Errorf("sign the client secret: %w", err)
	}
	return tokenEndpoint{client: p.client, now: p.now, Config: &oauth2.Config{
		ClientID: p.clientID, ClientSecret: secret, RedirectURL: redirectURL, Scopes: p.scopes,
		Endpoint: oauth2.Endpoint{AuthURL: appleAuthURL, TokenURL: appleTokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}}, nil
}

// AuthCodeURL implements Provider.
func (p *apple) AuthCodeURL(_ context.Context, a Authorization) (string, error) {
	endpoint, err := p.endpoint(a.RedirectURL)
	if err != nil {
		return "", err
	}
	options := append(authURLParams(p.params),
		oauth2.SetAuthURLParam("response_mode", "form_post"), oauth2.SetAuthURLParam("nonce", a.Nonce))
	if p.pkce {
		options = append(options, oauth2.S256ChallengeOption(a.CodeVerifier))
	}
	return endpoint.AuthCodeURL(a.State, options...), nil
}

// Exchange implements Provider.
func (p *apple) Exchange(ctx context.Context, c Callback) (*Identity, error) {
	code, err := authorizationCode(c.Values, "")
	if err != nil {
		return nil, err
	}
	if c.Nonce == "" {
		return nil, fmt.Errorf("no nonce in the callback: %w", ErrInvalid)
	}
	endpoint, err := p.endpoint(c.RedirectURL)
	if err != nil {
		return nil, err
	}
	var options []oauth2.AuthCodeOption
	if p.pkce {
		options = append(options, oauth2.VerifierOption(c.CodeVerifier))
	}
	token, err := endpoint.exchange(ctx, code, options...)
	if err != nil {
		return nil, err
	}
	idToken, _ := token.Extra("id_token").(string)
	id, err := p.identity(ctx, idToken, expected{nonce: c.Nonce, accessToken: token.AccessToken})
	if err != nil {
		return nil, err
	}
	id.Token = token
	id.FirstName, id.LastName = appleName(c.Values.Get("user"))
	return id, nil
}

// appleName parses what Apple tells of the user, at the first consent only. It is not
// signed, so only the name is used.
func appleName(posted string) (first, last string) {
	var user struct {
		Name struct {
			FirstName string `json:"firstName"`
			LastName  string `json:"lastName"`
		} `json:"name"`
	}
	if len(posted) > 4096 || json.Unmarshal([]byte(posted), &user) != nil {
		return "", ""
	}
	return strings.TrimSpace(user.Name.FirstName), strings.TrimSpace(user.Name.LastName)
}

func (p *apple) identity(ctx context.Context, idToken string, want expected) (*Identity, error) {
	want.issuer, want.audiences = appleIssuer, p.info.ClientIDs
	said, err := p.tokens.verify(ctx, idToken, want)
	if err != nil {
		return nil, err
	}
	id := &Identity{UID: exact(said["sub"]), ExtraData: said, IDToken: idToken}
	if email := scalar(said["email"]); email != "" {
		id.Emails = []Email{{Address: email, Verified: isTrue(said["email_verified"])}}
	}
	return id, id.Validate()
}

// VerifyToken implements Provider.
func (p *apple) VerifyToken(ctx context.Context, t Tokens) (*Identity, error) {
	if t.IDToken == "" {
		if t.AccessToken != "" {
			return nil, fmt.Errorf("access token without an ID token: %w", ErrInvalid)
		}
		return nil, ErrTokenMissing
	}
	id, err := p.identity(ctx, t.IDToken, expected{nonce: t.Nonce})
	if err != nil {
		return nil, err
	}
	id.FirstName, id.LastName = appleName(t.User)
	return id, nil
}

// Refresh implements Provider.
func (p *apple) Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	endpoint, err := p.endpoint("")
	if err != nil {
		return nil, err
	}
	return endpoint.refresh(ctx, t)
}
