package allauth

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/oauth2"

	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// guardedProvider is a provider of the host whose methods are called by a hook.
type guardedProvider struct {
	provider provider.Provider
	info     provider.Info
	hook     *hook.Hook
}

func guardProvider(host *hook.Host, p provider.Provider) (provider.Provider, error) {
	if isNil(p) {
		return nil, errors.New("is nil; remove it")
	}
	g := &guardedProvider{provider: p}
	var err error
	g.info, err = result(context.Background(), host.Hook("Info"), func(context.Context) (provider.Info, error) { return p.Info(), nil })
	if err != nil {
		return nil, err
	}
	g.hook = host.Hook("SocialAccount.Custom " + g.info.ID)
	return g, nil
}

// Info implements provider.Provider.
func (g *guardedProvider) Info() provider.Info { return g.info }

// AuthCodeURL implements provider.Provider.
func (g *guardedProvider) AuthCodeURL(ctx context.Context, a provider.Authorization) (string, error) {
	return result(ctx, g.hook, func(ctx context.Context) (string, error) { return g.provider.AuthCodeURL(ctx, a) },
		a.State, a.Nonce, a.CodeVerifier)
}

// Exchange implements provider.Provider.
func (g *guardedProvider) Exchange(ctx context.Context, c provider.Callback) (*provider.Identity, error) {
	secrets := []string{c.Nonce, c.CodeVerifier}
	for _, values := range c.Values {
		secrets = slices.Concat(secrets, values)
	}
	return result(ctx, g.hook, func(ctx context.Context) (*provider.Identity, error) { return g.provider.Exchange(ctx, c) }, secrets...)
}

// VerifyToken implements provider.Provider.
func (g *guardedProvider) VerifyToken(ctx context.Context, t provider.Tokens) (*provider.Identity, error) {
	return result(ctx, g.hook, func(ctx context.Context) (*provider.Identity, error) { return g.provider.VerifyToken(ctx, t) },
		t.IDToken, t.AccessToken, t.Nonce)
}

// Refresh implements provider.Provider.
func (g *guardedProvider) Refresh(ctx context.Context, t *oauth2.Token) (*oauth2.Token, error) {
	return result(ctx, g.hook, func(ctx context.Context) (*oauth2.Token, error) { return g.provider.Refresh(ctx, t) },
		t.AccessToken, t.RefreshToken)
}
