package settings

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
)

// accountSettings are the settings of accounts. The defaults are those of the
// library, except for some fields that are pointers.
type accountSettings struct {
	LoginMethods             []account.LoginMethod `json:"login_methods"`
	SignupFields             []string              `json:"signup_fields"`
	EmailVerification        string                `json:"email_verification"`
	PreventEnumeration       json.RawMessage       `json:"prevent_enumeration"`
	ChangeEmail              bool                  `json:"change_email"`
	MaxEmailAddresses        int                   `json:"max_email_addresses"`
	LoginOnEmailConfirmation bool                  `json:"login_on_email_confirmation"`
	LoginOnPasswordReset     bool                  `json:"login_on_password_reset"`
	LoginAlerts              bool                  `json:"login_alerts"`
	LogoutOnPasswordChange   bool                  `json:"logout_on_password_change"`
	LoginTimeout             duration              `json:"login_timeout"`
	EmailConfirmationExpire  int                   `json:"email_confirmation_expire_days"`
	PasswordResetTimeout     duration              `json:"password_reset_timeout"`
	ReauthenticationRequired bool                  `json:"reauthentication_required"`
	ReauthenticationTimeout  duration              `json:"reauthentication_timeout"`
	EmailNotifications       bool                  `json:"email_notifications"`
	EmailUnknownAccounts     *bool                 `json:"email_unknown_accounts"`
	EmailSubjectPrefix       string                `json:"email_subject_prefix"`
	GenerateUsernames        bool                  `json:"generate_usernames"`
	UsernameMinLength        int                   `json:"username_min_length"`
	UsernameBlacklist        []string              `json:"username_blacklist"`
	PreserveUsernameCasing   *bool                 `json:"preserve_username_casing"`
	PasswordMinLength        int                   `json:"password_min_length"`
	UserCodeFormat           codeFormat            `json:"user_code_format"`

	EmailVerificationByCodeEnabled     bool       `json:"email_verification_by_code_enabled"`
	EmailVerificationByCodeMaxAttempts int        `json:"email_verification_by_code_max_attempts"`
	EmailVerificationByCodeTimeout     duration   `json:"email_verification_by_code_timeout"`
	EmailVerificationByCodeFormat      codeFormat `json:"email_verification_by_code_format"`
	EmailVerificationSupportsChange    quota      `json:"email_verification_supports_change"`
	EmailVerificationSupportsResend    quota      `json:"email_verification_supports_resend"`

	LoginByCodeEnabled        bool       `json:"login_by_code_enabled"`
	LoginByCodeRequired       choices    `json:"login_by_code_required"`
	LoginByCodeMaxAttempts    int        `json:"login_by_code_max_attempts"`
	LoginByCodeTimeout        duration   `json:"login_by_code_timeout"`
	LoginByCodeFormat         codeFormat `json:"login_by_code_format"`
	LoginByCodeSupportsResend quota      `json:"login_by_code_supports_resend"`
	LoginByCodeTrustEnabled   bool       `json:"login_by_code_trust_enabled"`

	PasswordResetByCodeEnabled     bool       `json:"password_reset_by_code_enabled"`
	PasswordResetByCodeMaxAttempts int        `json:"password_reset_by_code_max_attempts"`
	PasswordResetByCodeTimeout     duration   `json:"password_reset_by_code_timeout"`
	PasswordResetByCodeFormat      codeFormat `json:"password_reset_by_code_format"`

	PhoneVerificationEnabled        *bool      `json:"phone_verification_enabled"`
	PhoneVerificationMaxAttempts    int        `json:"phone_verification_max_attempts"`
	PhoneVerificationTimeout        duration   `json:"phone_verification_timeout"`
	PhoneVerificationCodeFormat     codeFormat `json:"phone_verification_code_format"`
	PhoneVerificationSupportsChange quota      `json:"phone_verification_supports_change"`
	PhoneVerificationSupportsResend quota      `json:"phone_verification_supports_resend"`
}

// codeFormat is the format of one-time codes.
type codeFormat struct {
	Numeric bool  `json:"numeric"`
	Dashed  *bool `json:"dashed"`
	Length  int   `json:"length"`
}

func (s *accountSettings) config(texter notify.Texter) (account.Config, error) {
	cfg := account.Config{
		LoginMethods:                s.LoginMethods,
		SignupFields:                s.SignupFields,
		ChangeEmail:                 s.ChangeEmail,
		MaxEmailAddresses:           s.MaxEmailAddresses,
		LoginOnEmailConfirmation:    s.LoginOnEmailConfirmation,
		LoginOnPasswordReset:        s.LoginOnPasswordReset,
		LoginAlerts:                 s.LoginAlerts,
		LogoutOnPasswordChange:      s.LogoutOnPasswordChange,
		EmailConfirmationTimeout:    time.Duration(s.EmailConfirmationExpire) * 24 * time.Hour,
		PasswordResetTimeout:        time.Duration(s.PasswordResetTimeout),
		AllowStaleSessions:          !s.ReauthenticationRequired,
		DisableEmailUnknownAccounts: s.EmailUnknownAccounts != nil && !*s.EmailUnknownAccounts,
		GenerateUsernames:           s.GenerateUsernames,
		UsernameMinLength:           s.UsernameMinLength,
		UsernameBlacklist:           s.UsernameBlacklist,
		LowercaseUsernames:          s.PreserveUsernameCasing != nil && !*s.PreserveUsernameCasing,
	}
	cfg.Password.MinLength = s.PasswordMinLength
	var err error
	if cfg.EmailVerification, err = parseVerification(s.EmailVerification); err != nil {
		return cfg, err
	}
	if cfg.Enumeration, err = parseEnumeration(s.PreventEnumeration); err != nil {
		return cfg, err
	}
	s.addCodes(&cfg)
	s.addPhone(&cfg, texter)
	return cfg, nil
}

func (s *accountSettings) addCodes(cfg *account.Config) {
	if s.EmailVerificationByCodeEnabled {
		cfg.EmailVerificationByCode = &account.CodeConfig{
			Timeout: time.Duration(s.EmailVerificationByCodeTimeout), MaxAttempts: s.EmailVerificationByCodeMaxAttempts,
			Resends: int(s.EmailVerificationSupportsResend), Changes: int(s.EmailVerificationSupportsChange),
			Format: s.format(s.EmailVerificationByCodeFormat),
		}
	}
	if s.PasswordResetByCodeEnabled {
		cfg.PasswordResetByCode = &account.CodeConfig{
			Timeout: time.Duration(s.PasswordResetByCodeTimeout), MaxAttempts: s.PasswordResetByCodeMaxAttempts,
			Format: s.format(s.PasswordResetByCodeFormat),
		}
	}
	if s.LoginByCodeEnabled || s.LoginByCodeRequired.all || len(s.LoginByCodeRequired.some) > 0 {
		cfg.LoginByCode = &account.LoginByCodeConfig{
			CodeConfig: account.CodeConfig{
				Timeout: time.Duration(s.LoginByCodeTimeout), MaxAttempts: s.LoginByCodeMaxAttempts,
				Resends: int(s.LoginByCodeSupportsResend), Format: s.format(s.LoginByCodeFormat),
			},
			RequestDisabled: !s.LoginByCodeEnabled,
			Required:        s.LoginByCodeRequired.all,
			RequiredFor:     s.LoginByCodeRequired.some,
			TrustEnabled:    s.LoginByCodeTrustEnabled,
		}
	}
}

func (s *accountSettings) addPhone(cfg *account.Config, texter notify.Texter) {
	inSignup := slices.ContainsFunc(s.SignupFields, func(field string) bool { return strings.TrimSuffix(field, "*") == "phone" })
	if !inSignup && !slices.Contains(s.LoginMethods, account.LoginByPhone) {
		return
	}
	cfg.Phone = &account.PhoneConfig{
		CodeConfig: account.CodeConfig{
			Timeout: time.Duration(s.PhoneVerificationTimeout), MaxAttempts: s.PhoneVerificationMaxAttempts,
			Resends: int(s.PhoneVerificationSupportsResend), Changes: int(s.PhoneVerificationSupportsChange),
			Format: s.format(s.PhoneVerificationCodeFormat),
		},
		Texter:               texter,
		VerificationDisabled: s.PhoneVerificationEnabled != nil && !*s.PhoneVerificationEnabled,
	}
}

// format returns the format of the purpose, or that of all codes.
func (s *accountSettings) format(own codeFormat) account.CodeFormat {
	if own == (codeFormat{}) {
		own = s.UserCodeFormat
	}
	return account.CodeFormat{Numeric: own.Numeric, Length: own.Length, Ungrouped: own.Dashed != nil && !*own.Dashed}
}

func parseVerification(text string) (authn.Verification, error) {
	switch text {
	case "", "mandatory":
		return authn.VerificationMandatory, nil
	case "optional":
		return authn.VerificationOptional, nil
	case "none":
		return authn.VerificationNone, nil
	}
	return 0, fmt.Errorf("email_verification is %q; use mandatory, optional or none", text)
}

func parseEnumeration(text json.RawMessage) (account.Enumeration, error) {
	switch string(text) {
	case "", "null", "true":
		return account.PreventEnumeration, nil
	case "false":
		return account.AllowEnumeration, nil
	case `"strict"`:
		return account.PreventEnumerationStrictly, nil
	}
	return 0, fmt.Errorf(`prevent_enumeration is %s; use true, false or "strict"`, text)
}
