// Package demoprovider is a small but real OpenID provider, for demos and tests
// on one's own machine: the authorization code flow with PKCE, RS256 ID tokens,
// discovery, keys and user info. In place of a login it shows a page on which a
// person is picked.
//
//	p, err := demoprovider.Start(demoprovider.Config{ClientID: "demo", ClientSecret: "secret"}, "127.0.0.1:0")
//	app := provider.App{
//		Provider: "openid_connect", ProviderID: "demo", Name: "Demo provider",
//		ClientID: "demo", ClientSecret: "secret",
//		Settings: provider.Settings{ServerURL: p.Issuer()},
//	}
//
// Everybody is let in as anybody: it must not be reachable from elsewhere.
package demoprovider
