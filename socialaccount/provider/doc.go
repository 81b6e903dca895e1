// Package provider authenticates users at third parties: with OpenID Connect,
// OAuth 2.0, and the protocols of single providers.
//
// A [Provider] implements the protocol and verifies every response. It stores
// nothing: its caller creates, stores and consumes state, nonce and PKCE
// verifier.
package provider
