// Package provider knows how to ask third parties who somebody is: by OpenID
// Connect, by OAuth 2.0, and by what single providers do in their own way.
//
// A [Provider] speaks the protocol and verifies every answer. It keeps nothing:
// state, nonce and PKCE verifier are made, stored and consumed by its caller.
package provider
