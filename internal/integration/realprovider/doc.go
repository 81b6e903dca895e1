// Package realprovider runs an OpenID provider that somebody else wrote, the
// example server of zitadel/oidc, in this process and over HTTP, for tests of
// whole logins.
//
//	p := realprovider.Start(t)
//	p.Register("client", "secret", callback)
//	values := realprovider.Consent(t, authorizationURL)
package realprovider
