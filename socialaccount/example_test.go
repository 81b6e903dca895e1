package socialaccount_test

import (
	"fmt"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// Users log in with Google, or with the identity provider of their company.
func Example() {
	config := allauth.Config{
		SocialAccount: &socialaccount.Config{
			Providers: []provider.App{
				{Provider: "google", ClientID: "id", ClientSecret: "secret"},
				{
					Provider: "openid_connect", ProviderID: "acme", Name: "Acme", ClientID: "id", ClientSecret: "secret",
					Settings: provider.Settings{ServerURL: "https://id.acme.example"},
				},
			},
		},
	}
	fmt.Println(social.Validate(config.SocialAccount))
	fmt.Println(config.SocialAccount.Providers)
	// Output:
	// <nil>
	// [app at google app at acme]
}
