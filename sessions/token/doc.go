// Package token holds the settings, the store and the events of access and
// refresh tokens (JWT, RFC 7519). Apps get them beside their session tokens, so
// that other services can authenticate the user without calling this server.
//
// An access token is valid for minutes. It is verified by its signature and,
// unless Config.StatelessValidation is set, by its session. A refresh token ends
// with its session, can be used once, and is replaced when it is used. Reuse
// means that the token was stolen, so it ends the session.
//
//	_, key, _ := ed25519.GenerateKey(rand.Reader)
//	cfg.Tokens = &token.Config{Keys: []token.Key{{Private: key}}}
package token
