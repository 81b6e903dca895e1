// Package realprovider runs an independent OpenID provider, the example server of
// zitadel/oidc, in this process and over HTTP, for tests of whole logins.
//
//	p := realprovider.Start(t)
//	p.Register("client", "secret", callback)
//	values := realprovider.Consent(t, authorizationURL)
package realprovider
