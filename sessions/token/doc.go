// Package token issues access and refresh tokens (JWT, RFC 7519) to apps, beside
// their session tokens, so that other services can tell who calls them without
// asking this one.
//
// An access token lives for minutes and is verified by its signature, and,
// unless Config.StatelessValidation is set, by the session it belongs to. A
// refresh token lives as long as its session at most, works once, and is
// replaced when it is used. Whoever shows one that was used before has stolen
// it, or was stolen from: the session ends.
//
//	_, key, _ := ed25519.GenerateKey(rand.Reader)
//	cfg.Tokens = &token.Config{Keys: []token.Key{{Private: key}}}
package token
