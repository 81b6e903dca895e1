// Package webauthn implements the relying party's side of the ceremonies of
// security keys and passkeys (W3C Web Authentication, level 3): the options for
// the browser, and the verification of its responses. It stores nothing.
//
// The cryptography is that of github.com/go-webauthn/webauthn.
package webauthn
