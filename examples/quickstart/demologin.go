package main

import (
	"context"

	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// The registration of this application with the demo provider.
const (
	demoClientID     = "quickstart"
	demoClientSecret = "known to everybody"
)

// demoLogin is an OpenID provider that runs in this process. Nil is none.
type demoLogin struct{ server *demoprovider.Provider }

func startDemoLogin() (*demoLogin, error) {
	server, err := demoprovider.Start(demoprovider.Config{ClientID: demoClientID, ClientSecret: demoClientSecret}, "127.0.0.1:0")
	return &demoLogin{server}, err
}

// app is the registration. Those with real providers look the same.
func (d *demoLogin) app() provider.App {
	return provider.App{
		Provider: "openid_connect", ProviderID: "demo", Name: "Demo provider",
		ClientID: demoClientID, ClientSecret: demoClientSecret,
		Settings: provider.Settings{ServerURL: d.server.Issuer()},
	}
}

// origins are where the page sends browsers to.
func (d *demoLogin) origins() []string {
	if d == nil {
		return nil
	}
	return []string{d.server.Issuer()}
}

func (d *demoLogin) close(ctx context.Context) error {
	if d == nil {
		return nil
	}
	return d.server.Close(ctx)
}
