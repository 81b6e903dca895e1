package mfa

import (
	"time"
)

// Type is a kind of authenticator.
type Type string

// The types of Config.SupportedTypes.
const (
	// TOTP is an app that shows a new code every 30 seconds (RFC 6238).
	TOTP Type = "totp"
	// RecoveryCodes are printed codes, each good for one use.
	RecoveryCodes Type = "recovery_codes"
	// WebAuthn is a security key or a passkey (W3C Web Authentication).
	WebAuthn Type = "webauthn"
)

// Config turns on second factors. The zero value of every field is the safe
// choice.
type Config struct {
	// SupportedTypes are the authenticators that can be added, in the order in
	// which clients are told of them. Those that users have already go on to
	// work. Nil: recovery codes and TOTP.
	SupportedTypes []Type

	// Issuer is how authenticator apps call the site. Empty: the site name.
	Issuer string
	// TOTPDigits is the length of a code: 6, 7 or 8. Zero: 6.
	TOTPDigits int
	// TOTPPeriod is how long a code is shown. Zero: 30 seconds.
	TOTPPeriod time.Duration
	// TOTPTolerance is how many codes before and after the current one are
	// accepted as well, for clocks that are wrong. It may be 0 to 3.
	TOTPTolerance int

	// RecoveryCodeCount is how many recovery codes a set has. Zero: 10.
	RecoveryCodeCount int
	// RecoveryCodeDigits is the length of a recovery code. Zero: 8.
	RecoveryCodeDigits int
	// RecoveryCodesShowOnce shows the codes of a set only the first time.
	RecoveryCodesShowOnce bool

	// PasskeyLoginEnabled lets people log in with a passkey alone.
	PasskeyLoginEnabled bool
	// PasskeySignupEnabled lets people sign up with a passkey in place of a
	// password. It needs mandatory verification of email addresses by code.
	PasskeySignupEnabled bool

	// WebAuthnRPID is the domain that keys are bound to. A key works on its
	// pages and those of its sub-domains; changing it voids every key. Empty:
	// the host of BaseURL.
	WebAuthnRPID string
	// WebAuthnOrigins are the origins whose pages, or apps, may use keys: like
	// https://www.example.com or android:apk-key-hash:…. Each sub-domain is
	// listed. Nil: BaseURL and TrustedOrigins.
	WebAuthnOrigins []string
	// WebAuthnAllowInsecureOrigin accepts plain http and any port, as long as
	// the host is WebAuthnRPID or below it. For development only.
	WebAuthnAllowInsecureOrigin bool
	// WebAuthnTimeout is how long somebody may take to touch their key. Zero: 5
	// minutes.
	WebAuthnTimeout time.Duration

	// MaxKeys is how many keys a user may have. Zero: 25.
	MaxKeys int

	// AllowUnverifiedEmail lets accounts that hold an unverified address have
	// authenticators, and accounts with authenticators add one. Whoever signs
	// up with the address of somebody else can then lock the owner out.
	AllowUnverifiedEmail bool

	// TrustEnabled asks people whether they trust their browser. Where they do,
	// it needs no second factor for a while.
	TrustEnabled bool
	// TrustCookieAge is how long that while is. Zero: 14 days.
	TrustCookieAge time.Duration
	// TrustCookieName is the name of the cookie. Empty: mfa_trusted.
	TrustCookieName string
}
