package factors

import (
	"cmp"
	"slices"
	"time"

	"github.com/allauth-go/allauth/mfa"
)

// WithDefaults returns a copy in which zero fields have their defaults, and nil for
// nil.
func WithDefaults(c *mfa.Config) *mfa.Config {
	if c == nil {
		return nil
	}
	copied := *c
	if copied.SupportedTypes == nil {
		copied.SupportedTypes = []mfa.Type{mfa.RecoveryCodes, mfa.TOTP}
	}
	copied.TOTPDigits = cmp.Or(copied.TOTPDigits, 6)
	copied.TOTPPeriod = cmp.Or(copied.TOTPPeriod, 30*time.Second)
	copied.RecoveryCodeCount = cmp.Or(copied.RecoveryCodeCount, 10)
	copied.RecoveryCodeDigits = cmp.Or(copied.RecoveryCodeDigits, 8)
	copied.MaxKeys = cmp.Or(copied.MaxKeys, 25)
	copied.WebAuthnTimeout = cmp.Or(copied.WebAuthnTimeout, 5*time.Minute)
	copied.TrustCookieAge = cmp.Or(copied.TrustCookieAge, 14*24*time.Hour)
	copied.TrustCookieName = cmp.Or(copied.TrustCookieName, "mfa_trusted")
	return &copied
}

// Supports reports whether authenticators of the type can be added.
func Supports(c *mfa.Config, t mfa.Type) bool { return slices.Contains(c.SupportedTypes, t) }
