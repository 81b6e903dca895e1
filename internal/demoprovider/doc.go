// Package demoprovider is a small but real OpenID provider, for demonstrations and tests
// on the developer's machine: the authorization code flow with PKCE, RS256 ID tokens,
// discovery, keys and user info. In place of a login it shows a page on which the user
// picks a person.
//
//	p, err := demoprovider.Start(demoprovider.Config{ClientID: "demo", ClientSecret: "secret"}, "127.0.0.1:0")
//	app := provider.App{
//		Provider: "openid_connect", ProviderID: "demo", Name: "Demo provider",
//		ClientID: "demo", ClientSecret: "secret",
//		Settings: provider.Settings{ServerURL: p.Issuer()},
//	}
//
// Any user can log in as any person, so it listens on loopback only.
package demoprovider
