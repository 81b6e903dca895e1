package settings

import (
	"time"

	"github.com/allauth-go/allauth/mfa"
)

// mfaSettings are the settings of second factors.
type mfaSettings struct {
	SupportedTypes              []mfa.Type `json:"supported_types"`
	TOTPIssuer                  string     `json:"totp_issuer"`
	TOTPDigits                  int        `json:"totp_digits"`
	TOTPPeriod                  duration   `json:"totp_period"`
	TOTPTolerance               int        `json:"totp_tolerance"`
	RecoveryCodeCount           int        `json:"recovery_code_count"`
	RecoveryCodeDigits          int        `json:"recovery_code_digits"`
	RecoveryCodesShowOnce       bool       `json:"recovery_codes_show_once"`
	PasskeyLoginEnabled         bool       `json:"passkey_login_enabled"`
	PasskeySignupEnabled        bool       `json:"passkey_signup_enabled"`
	PasskeyUpgradeEnabled       bool       `json:"passkey_upgrade_enabled"`
	PasskeySignalsEnabled       bool       `json:"passkey_signals_enabled"`
	WebAuthnRPID                string     `json:"webauthn_rp_id"`
	WebAuthnOrigins             []string   `json:"webauthn_origins"`
	WebAuthnAllowInsecureOrigin bool       `json:"webauthn_allow_insecure_origin"`
	WebAuthnHints               []string   `json:"webauthn_hints"`
	DeviceBoundKeys             bool       `json:"device_bound_keys"`
	WebAuthnTimeout             duration   `json:"webauthn_timeout"`
	AllowUnverifiedEmail        bool       `json:"allow_unverified_email"`
	TrustEnabled                bool       `json:"trust_enabled"`
	TrustCookieAge              duration   `json:"trust_cookie_age"`
	TrustCookieName             string     `json:"trust_cookie_name"`
}

// config returns nil without the section mfa: second factors are turned off.
func (s *mfaSettings) config() *mfa.Config {
	if s == nil {
		return nil
	}
	return &mfa.Config{
		SupportedTypes:              s.SupportedTypes,
		Issuer:                      s.TOTPIssuer,
		TOTPDigits:                  s.TOTPDigits,
		TOTPPeriod:                  time.Duration(s.TOTPPeriod),
		TOTPTolerance:               s.TOTPTolerance,
		RecoveryCodeCount:           s.RecoveryCodeCount,
		RecoveryCodeDigits:          s.RecoveryCodeDigits,
		RecoveryCodesShowOnce:       s.RecoveryCodesShowOnce,
		PasskeyLoginEnabled:         s.PasskeyLoginEnabled,
		PasskeySignupEnabled:        s.PasskeySignupEnabled,
		PasskeyUpgradeEnabled:       s.PasskeyUpgradeEnabled,
		PasskeySignalsEnabled:       s.PasskeySignalsEnabled,
		WebAuthnRPID:                s.WebAuthnRPID,
		WebAuthnOrigins:             s.WebAuthnOrigins,
		WebAuthnAllowInsecureOrigin: s.WebAuthnAllowInsecureOrigin,
		WebAuthnHints:               s.WebAuthnHints,
		DeviceBoundKeys:             s.DeviceBoundKeys,
		WebAuthnTimeout:             time.Duration(s.WebAuthnTimeout),
		AllowUnverifiedEmail:        s.AllowUnverifiedEmail,
		TrustEnabled:                s.TrustEnabled,
		TrustCookieAge:              time.Duration(s.TrustCookieAge),
		TrustCookieName:             s.TrustCookieName,
	}
}
