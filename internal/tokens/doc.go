// Package tokens issues, verifies and renews the access tokens of apps, as package
// sessions/token configures them.
package tokens
