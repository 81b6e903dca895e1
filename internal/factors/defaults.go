package factors

import (
	"slices"
	"time"

	"github.com/allauth-go/allauth/mfa"
)

// Defaults of the durations.
const (
	defaultTOTPPeriod      = 30 * time.Second
	defaultWebAuthnTimeout = 5 * time.Minute
	defaultTrustCookieAge  = 14 * 24 * time.Hour
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
	for field, value := range map[*time.Duration]time.Duration{
		&copied.TOTPPeriod: defaultTOTPPeriod, &copied.WebAuthnTimeout: defaultWebAuthnTimeout,
		&copied.TrustCookieAge: defaultTrustCookieAge,
	} {
		if *field == 0 {
			*field = value
		}
	}
	for field, value := range map[*int]int{
		&copied.TOTPDigits: 6, &copied.MaxKeys: 25, &copied.RecoveryCodeCount: 10, &copied.RecoveryCodeDigits: 8,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if copied.TrustCookieName == "" {
		copied.TrustCookieName = "mfa_trusted"
	}
	return &copied
}

// Supports reports whether authenticators of the type can be added.
func Supports(c *mfa.Config, t mfa.Type) bool { return slices.Contains(c.SupportedTypes, t) }
