// Package webauthn is the server's side of the ceremonies of security keys and
// passkeys (W3C Web Authentication, level 3): what a browser is asked, and
// whether its answer is good. It keeps nothing and knows no users; package mfa
// brings challenges and credentials together.
//
// The cryptography is that of github.com/go-webauthn/webauthn.
package webauthn
