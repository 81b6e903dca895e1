// Package socialaccount holds the settings, the store and the events of logins
// through third parties: by OpenID
// Connect, by OAuth 2.0, by whatever the catalogue in package provider speaks.
//
//	auth, err := allauth.New(allauth.Config{
//		SocialAccount: &socialaccount.Config{
//			Providers: []provider.App{{
//				Provider: "google", ClientID: "...", ClientSecret: "...",
//			}},
//		},
//	}, store)
//
// Browsers are redirected to the provider and come back; apps show a token that
// they got by themselves. Either way ends the same: an account at a provider is
// its id for the user at that provider, never an e-mail address, and it leads to
// the one user it was connected to. Somebody new gets a new account, after a
// form where something is missing.
//
// An address that the provider vouches for counts as verified. It signs in to an
// existing account only where Config.EmailAuthentication says so and the account
// has proved the same address.
package socialaccount
