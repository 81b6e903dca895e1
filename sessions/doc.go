// Package sessions keeps track of who is logged in: browsers by a cookie, apps
// by the X-Session-Token header. It is built on github.com/alexedwards/scs/v2,
// which makes the tokens and encodes the data, and keeps a [Row] beside each
// session, which lists it to its user and makes its end final.
//
//	auth, err := allauth.New(allauth.Config{
//		Sessions: sessions.Config{Lifetime: 24 * time.Hour, IdleTimeout: time.Hour},
//	}, store)
package sessions
