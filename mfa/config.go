package mfa

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Type is a type of authenticator.
type Type string

// The types of Config.SupportedTypes.
const (
	// TOTP is an app that shows a new code every 30 seconds (RFC 6238).
	TOTP Type = "totp"
	// RecoveryCodes are printed codes, each valid once.
	RecoveryCodes Type = "recovery_codes"
	// WebAuthn is a security key or a passkey (W3C Web Authentication).
	WebAuthn Type = "webauthn"
)

// Config turns on second factors. The zero value of every field is the safe
// choice.
type Config struct {
	// SupportedTypes are the types of authenticators that users can add, in the
	// order in which clients list them. Existing authenticators of other types
	// keep working. Nil: recovery codes and TOTP.
	SupportedTypes []Type

	// RequiredFor reports whether the user must have a second factor or a passkey. A login
	// of a user who must, and has none, waits at the stage mfa_enroll until they add one.
	// After a login with a password, a mailed or texted code comes first. It is called
	// outside of any transaction, once in each request that takes such a login further.
	// An error fails the request with status 503. Nil: no user must.
	RequiredFor func(ctx context.Context, u *authn.User) (bool, error)

	// Issuer is the name of the site in authenticator apps. Empty: the site name.
	Issuer string
	// TOTPDigits is the length of a TOTP code: 6, 7 or 8. Zero: 6.
	TOTPDigits int
	// TOTPPeriod is how long an app shows a code. Zero: 30 seconds.
	TOTPPeriod time.Duration
	// TOTPTolerance is how many codes before and after the current one are
	// accepted too, for clocks that are wrong: 0 to 3.
	TOTPTolerance int

	// RecoveryCodeCount is the number of recovery codes of a set. Zero: 10.
	RecoveryCodeCount int
	// RecoveryCodeDigits is the length of a recovery code. Zero: 8.
	RecoveryCodeDigits int
	// RecoveryCodesShowOnce shows the codes of a set only when they are
	// generated.
	RecoveryCodesShowOnce bool

	// PasskeyLoginEnabled lets users log in with a passkey alone.
	PasskeyLoginEnabled bool
	// PasskeySignupEnabled lets users sign up with a passkey in place of a
	// password. It requires mandatory verification of email addresses by code.
	PasskeySignupEnabled bool
	// PasskeyUpgradeEnabled lets browsers create a passkey after a login with a password
	// without asking the user, once and within five minutes (conditional mediation). The
	// passkey logs in only if it verifies the user, and is no second factor before it
	// has done so. It requires PasskeyLoginEnabled.
	PasskeyUpgradeEnabled bool
	// PasskeySignalsEnabled adds to the keys of responses what clients tell password
	// managers (WebAuthn §5.1.10), and gives responses of keys that no user has the code
	// unknown_credential in place of incorrect_code.
	PasskeySignalsEnabled bool

	// WebAuthnRPID is the domain that keys are bound to, the relying party's ID.
	// A key works on pages of this domain and its subdomains. Changing it
	// invalidates all keys. Empty: the host of BaseURL.
	WebAuthnRPID string
	// WebAuthnOrigins are the origins of the pages and apps that may use keys,
	// such as https://www.example.com or android:apk-key-hash:…. Each subdomain
	// must be listed. Origins of other sites, with https, may have five names together
	// (example of https://www.example.co.uk), and need Auth.RelatedOrigins. Nil: BaseURL
	// and TrustedOrigins.
	WebAuthnOrigins []string
	// WebAuthnUserHandle returns the handle that the keys of a user get, for hosts whose
	// earlier system finds users by handles of its own, such as djangostore.Store.UserHandle.
	// At most 64 bytes. Nil, or an empty handle: random bytes, as W3C Web Authentication
	// recommends. An error refuses the request with status 503.
	WebAuthnUserHandle func(ctx context.Context, userID string) ([]byte, error)
	// WebAuthnAllowInsecureOrigin accepts plain http and any port if the host is
	// WebAuthnRPID or a subdomain of it. For development only.
	WebAuthnAllowInsecureOrigin bool
	// WebAuthnHints are the kinds of authenticators that browsers offer first, in order:
	// security-key, client-device and hybrid. Nil: browsers decide.
	WebAuthnHints []string
	// DeviceBoundKeys refuses new keys that can be backed up, which passkeys of password
	// managers are, and keys that say otherwise than before. Other keys of users keep
	// working. Nothing attests what a key says.
	DeviceBoundKeys bool
	// WebAuthnTimeout is how long a user may take to use their key. Zero: 5
	// minutes.
	WebAuthnTimeout time.Duration

	// MaxKeys is the largest number of keys of a user. Zero: 25.
	MaxKeys int

	// AllowUnverifiedEmail lets an account have both an unverified address and
	// authenticators. An attacker who signs up with another person's address and
	// adds an authenticator can then lock the owner out.
	AllowUnverifiedEmail bool

	// TrustEnabled lets users trust a browser: it needs no second factor for
	// TrustCookieAge.
	TrustEnabled bool
	// TrustCookieAge is how long a browser is trusted. Zero: 14 days.
	TrustCookieAge time.Duration
	// TrustCookieName is the name of the cookie of a trusted browser. Empty:
	// mfa_trusted.
	TrustCookieName string
}
