// Package mfa is the room of second factors and passkeys: codes of an
// authenticator app (TOTP), recovery codes, security keys, login and sign-up by
// passkey, and browsers that their owners trust.
//
//	allauth.Config{
//		MFA: &mfa.Config{
//			SupportedTypes:      []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn},
//			Issuer:              "Example",
//			PasskeyLoginEnabled: true,
//		},
//	}
//
// Every flow is a method of [Service] that takes the session it happens in; the
// HTTP layer only decodes and encodes. The ceremonies of security keys are in
// the package webauthn below this one.
package mfa
