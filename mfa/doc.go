// Package mfa holds the settings, the store and the events of second factors and
// passkeys: authenticator apps (TOTP, RFC 6238), recovery codes, security keys
// (WebAuthn), login and sign-up by passkey, and trusted browsers.
//
//	allauth.Config{
//		MFA: &mfa.Config{
//			SupportedTypes:      []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn},
//			Issuer:              "Example",
//			PasskeyLoginEnabled: true,
//		},
//	}
//
// Package webauthn verifies the responses of security keys.
package mfa
