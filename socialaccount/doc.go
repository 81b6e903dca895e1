// Package socialaccount holds the settings, the store and the events of login
// through third parties: OpenID Connect, OAuth 2.0, and the other protocols of
// the catalogue in package provider.
//
//	auth, err := allauth.New(allauth.Config{
//		SocialAccount: &socialaccount.Config{
//			Providers: []provider.App{{
//				Provider: "google", ClientID: "...", ClientSecret: "...",
//			}},
//		},
//	}, store)
//
// Browsers are redirected to the provider and back; apps send a token that they
// got from the provider. An account at a provider is identified by the provider's
// id for the user, never by an email address, and logs in the user that it is
// connected to. A new user gets a new account; a form asks for what the provider
// did not send.
//
// An address that the provider has verified is verified in the new account. It
// logs in to an existing account only if Config.EmailAuthentication is set and
// the address is verified in the account.
package socialaccount
