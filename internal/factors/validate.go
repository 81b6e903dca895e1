package factors

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/mfa"
)

// Validate returns an error for the first invalid field. Nil is valid.
func Validate(c *mfa.Config) error {
	if c == nil {
		return nil
	}
	for i, t := range c.SupportedTypes {
		if !slices.Contains(typeOrder, t) {
			return fmt.Errorf("MFA.SupportedTypes holds %q; use totp, recovery_codes and webauthn", t)
		}
		if slices.Contains(c.SupportedTypes[:i], t) {
			return fmt.Errorf("MFA.SupportedTypes holds %q twice; remove one", t)
		}
	}
	switch {
	case c.TOTPDigits < 6 || c.TOTPDigits > 8:
		return fmt.Errorf("MFA.TOTPDigits is %d; use 6, 7 or 8", c.TOTPDigits)
	case c.TOTPPeriod < 15*time.Second || c.TOTPPeriod > 5*time.Minute || c.TOTPPeriod%time.Second != 0:
		return fmt.Errorf("MFA.TOTPPeriod is %s; use whole seconds between 15 and 300", c.TOTPPeriod)
	case c.TOTPTolerance < 0 || c.TOTPTolerance > 3:
		return fmt.Errorf("MFA.TOTPTolerance is %d; use 0 to 3: each step makes guessing easier", c.TOTPTolerance)
	case c.RecoveryCodeCount < 1 || c.RecoveryCodeCount > 100:
		return fmt.Errorf("MFA.RecoveryCodeCount is %d; use 1 to 100", c.RecoveryCodeCount)
	case c.RecoveryCodeDigits < 6 || c.RecoveryCodeDigits > 40:
		return fmt.Errorf("MFA.RecoveryCodeDigits is %d; use 6 to 40", c.RecoveryCodeDigits)
	case c.TrustCookieAge < 0:
		return errors.New("MFA.TrustCookieAge is negative; leave it zero for 14 days, or turn TrustEnabled off")
	case !validCookieName(c.TrustCookieName):
		return fmt.Errorf("MFA.TrustCookieName %q is not the name of a cookie; use letters, digits, - and _", c.TrustCookieName)
	case c.MaxKeys < 0:
		return errors.New("MFA.MaxKeys is negative; leave it zero for 25")
	case c.WebAuthnTimeout < 0:
		return errors.New("MFA.WebAuthnTimeout is negative; leave it zero for 5 minutes")
	}
	if c.RequiredFor != nil && !Supports(c, mfa.TOTP) && !Supports(c, mfa.WebAuthn) {
		return errors.New("MFA.RequiredFor needs totp or webauthn in MFA.SupportedTypes; add one, as users cannot log in otherwise")
	}
	return validateWebAuthn(c)
}

func validateWebAuthn(c *mfa.Config) error {
	if !Supports(c, mfa.WebAuthn) {
		switch {
		case c.PasskeyLoginEnabled:
			return errors.New("MFA.PasskeyLoginEnabled needs webauthn in MFA.SupportedTypes; add it")
		case c.PasskeySignupEnabled:
			return errors.New("MFA.PasskeySignupEnabled needs webauthn in MFA.SupportedTypes; add it")
		case c.PasskeySignalsEnabled:
			return errors.New("MFA.PasskeySignalsEnabled needs webauthn in MFA.SupportedTypes; add it")
		case c.PasskeyUpgradeEnabled:
			return errors.New("MFA.PasskeyUpgradeEnabled needs webauthn in MFA.SupportedTypes; add it")
		}
		return nil
	}
	if c.PasskeySignupEnabled && !c.PasskeyLoginEnabled {
		return errors.New("MFA.PasskeySignupEnabled needs MFA.PasskeyLoginEnabled; users who sign up with a passkey cannot log in otherwise")
	}
	if c.PasskeyUpgradeEnabled && !c.PasskeyLoginEnabled {
		return errors.New("MFA.PasskeyUpgradeEnabled needs MFA.PasskeyLoginEnabled; users cannot log in with the passkeys otherwise")
	}
	for _, hint := range c.WebAuthnHints {
		if !slices.Contains([]string{"security-key", "client-device", "hybrid"}, hint) {
			return fmt.Errorf("MFA.WebAuthnHints holds %q; use security-key, client-device and hybrid", hint)
		}
	}
	for _, origin := range c.WebAuthnOrigins {
		if err := validateOrigin(origin); err != nil {
			return err
		}
	}
	return nil
}

// validateOrigin returns an error unless origin is a web origin (RFC 6454) or the
// signature of an Android app.
func validateOrigin(origin string) error {
	if strings.HasPrefix(origin, "android:apk-key-hash:") {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("MFA.WebAuthnOrigins holds %q; use origins like https://www.example.com, without a path", origin)
	}
	return nil
}

func validCookieName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
