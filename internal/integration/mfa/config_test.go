package mfa_test

import (
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

func TestInvalidSettings(t *testing.T) {
	t.Parallel()
	all := []mfa.Type{mfa.TOTP, mfa.RecoveryCodes, mfa.WebAuthn}
	for field, edit := range map[string]func(cfg *allauth.Config){
		"MFA.SupportedTypes":     func(cfg *allauth.Config) { cfg.MFA.SupportedTypes = []mfa.Type{"sms"} },
		"twice":                  func(cfg *allauth.Config) { cfg.MFA.SupportedTypes = []mfa.Type{mfa.TOTP, mfa.TOTP} },
		"MFA.TOTPDigits":         func(cfg *allauth.Config) { cfg.MFA.TOTPDigits = 5 },
		"MFA.TOTPPeriod":         func(cfg *allauth.Config) { cfg.MFA.TOTPPeriod = 1500 * time.Millisecond },
		"MFA.TOTPTolerance":      func(cfg *allauth.Config) { cfg.MFA.TOTPTolerance = 4 },
		"MFA.RecoveryCodeCount":  func(cfg *allauth.Config) { cfg.MFA.RecoveryCodeCount = -1 },
		"MFA.RecoveryCodeDigits": func(cfg *allauth.Config) { cfg.MFA.RecoveryCodeDigits = 3 },
		"MFA.TrustCookieAge":     func(cfg *allauth.Config) { cfg.MFA.TrustCookieAge = -1 },
		"MFA.TrustCookieName":    func(cfg *allauth.Config) { cfg.MFA.TrustCookieName = "a b" },
		"MFA.WebAuthnTimeout":    func(cfg *allauth.Config) { cfg.MFA.WebAuthnTimeout = -1 },
		"MFA.WebAuthnHints holds": func(cfg *allauth.Config) {
			cfg.MFA.SupportedTypes, cfg.MFA.WebAuthnHints = all, []string{"usb"}
		},
		"MFA.PasskeySignalsEnabled needs": func(cfg *allauth.Config) { cfg.MFA.PasskeySignalsEnabled = true },
		"MFA.PasskeyUpgradeEnabled needs": func(cfg *allauth.Config) { cfg.MFA.PasskeyUpgradeEnabled = true },
		"users cannot log in with the passkeys": func(cfg *allauth.Config) {
			cfg.MFA.SupportedTypes, cfg.MFA.PasskeyUpgradeEnabled = all, true
		},
		"MFA.PasskeyLoginEnabled needs":  func(cfg *allauth.Config) { cfg.MFA.PasskeyLoginEnabled = true },
		"MFA.PasskeySignupEnabled needs": func(cfg *allauth.Config) { cfg.MFA.PasskeySignupEnabled = true },
		"needs MFA.PasskeyLoginEnabled":  func(cfg *allauth.Config) { cfg.MFA.SupportedTypes, cfg.MFA.PasskeySignupEnabled = all, true },
		"MFA.WebAuthnOrigins holds": func(cfg *allauth.Config) {
			cfg.MFA.SupportedTypes, cfg.MFA.WebAuthnOrigins = all, []string{"https://example.org/"}
		},
		"accept related origins with 5 names": func(cfg *allauth.Config) {
			cfg.MFA.SupportedTypes = all
			for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
				cfg.MFA.WebAuthnOrigins = append(cfg.MFA.WebAuthnOrigins, "https://"+name+".com")
			}
		},
		`keys bound to "example.org" do not work`: func(cfg *allauth.Config) {
			cfg.MFA.SupportedTypes, cfg.MFA.WebAuthnOrigins = all, []string{"http://example.com"}
		},
		"not the origin of a site": func(cfg *allauth.Config) {
			cfg.MFA.SupportedTypes, cfg.MFA.WebAuthnOrigins = all, []string{"https://co.uk"}
		},
		"check BaseURL":                       func(cfg *allauth.Config) { cfg.MFA.SupportedTypes, cfg.BaseURL = all, "https://192.0.2.1" },
		"neither that domain nor below it":    func(cfg *allauth.Config) { cfg.MFA.SupportedTypes, cfg.MFA.WebAuthnRPID = all, "www.example.org" },
		"browsers offer no keys":              func(cfg *allauth.Config) { cfg.MFA.SupportedTypes, cfg.BaseURL = all, "http://example.org" },
		"set Account.EmailVerificationByCode": func(cfg *allauth.Config) { passkeys(cfg); cfg.Account.EmailVerificationByCode = nil },
		"Account.LoginByCode.TrustEnabled": func(cfg *allauth.Config) {
			cfg.MFA, cfg.Account.LoginByCode = nil, &account.LoginByCodeConfig{TrustEnabled: true}
		},
	} {
		cfg := allauth.Config{
			BaseURL: "https://example.org", Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
			Mailer: &notify.Log{Writer: &strings.Builder{}}, MFA: &mfa.Config{},
		}
		edit(&cfg)
		_, err := allauth.New(cfg, memstore.New())
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// passkeys turns on sign-up with passkeys.
func passkeys(cfg *allauth.Config) {
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.WebAuthn}, PasskeyLoginEnabled: true, PasskeySignupEnabled: true}
}

func TestKeysOfAWholeDomain(t *testing.T) {
	t.Parallel()
	s := start(t, func(cfg *allauth.Config) {
		cfg.BaseURL = "https://api.example.org"
		cfg.TrustedOrigins = []string{"https://www.example.org", "https://www.example.com"}
		cfg.MFA.WebAuthnRPID = "example.org"
	})
	c := s.SignUp("app", ann)
	reauthenticate(c)
	for origin, ok := range map[string]bool{
		"https://api.example.org": true, "https://www.example.org": true, "https://example.org": false, "https://blog.example.org": false,
	} {
		d := newDevice(t, s)
		d.rp.ID, d.rp.Origin = "example.org", origin
		if got := c.Post(keysPath, body{"credential": d.create(creation(c.Get(keysPath)))}); (got.StatusCode == 200) != ok {
			t.Errorf("%s: %s", origin, got.Text)
		}
	}
}
