package provider_test

import (
	"context"
	"fmt"
	"log"
	"net/url"

	"github.com/allauth-go/allauth/socialaccount/provider"
)

// A browser is sent to a provider of the catalogue.
func Example() {
	github, err := provider.New(provider.App{Provider: "github", ClientID: "id", ClientSecret: "secret"}, provider.Deps{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(github.Info().Name)
	address, err := github.AuthCodeURL(context.Background(), provider.Authorization{
		State: "state", RedirectURL: "https://app.example.com/_allauth/provider/github/callback",
	})
	if err != nil {
		log.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(u.Host, u.Query().Get("client_id"), u.Query().Get("state"))
	// Output:
	// GitHub
	// github.com id state
}
