// Package factors implements the flows of package mfa: authenticator apps, recovery
// codes, security keys and passkeys, and trusted browsers.
package factors
