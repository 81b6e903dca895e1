// Package sessions holds the settings, the store and the rows of sessions.
// Browsers carry their session in a cookie, apps in the X-Session-Token header.
// The package is built on github.com/alexedwards/scs/v2, which makes the tokens
// and encodes the data. A [Row] beside each session lists it to its user, and
// ends it when it is deleted.
//
//	auth, err := allauth.New(allauth.Config{
//		Sessions: sessions.Config{Lifetime: 24 * time.Hour, IdleTimeout: time.Hour},
//	}, store)
package sessions
