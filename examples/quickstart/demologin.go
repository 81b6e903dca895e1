package main

import (
	"context"

	"github.com/allauth-go/allauth/internal/demoprovider"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// The registration of this application with the demo provider.
const (
	demoClientID     = "quickstart"
	demoClientSecret = "a public secret"
)

// demoLogin is an OpenID provider in this process. Nil: there is none.
type demoLogin struct{ server *demoprovider.Provider }

func startDemoLogin() (*demoLogin, error) {
	server, err := demoprovider.Start(demoprovider.Config{ClientID: demoClientID, ClientSecret: demoClientSecret}, "127.0.0.1:0")
	return &demoLogin{server}, err
}

// app returns the registration of this application. Apps of real providers look
// the same.
func (d *demoLogin) app() provider.App {
	return provider.App{
		Provider: "openid_connect", ProviderID: "demo", Name: "Demo provider",
		ClientID: demoClientID, ClientSecret: demoClientSecret,
		Settings: provider.Settings{ServerURL: d.server.Issuer()},
	}
}

// origins returns the origins that the page may send browsers to.
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
