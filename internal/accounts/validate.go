package accounts

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/codes"
)

// Defaults of how long codes are valid: those that authenticate the user, and those that
// verify a contact.
const (
	defaultLoginCodeTimeout  = 3 * time.Minute
	defaultVerifyCodeTimeout = 10 * time.Minute
)

// WithDefaults returns a copy in which zero fields have their defaults.
func WithDefaults(c account.Config) account.Config {
	if c.LoginMethods == nil {
		c.LoginMethods = []account.LoginMethod{account.LoginByEmail}
	}
	if c.SignupFields == nil {
		for _, m := range c.LoginMethods {
			c.SignupFields = append(c.SignupFields, string(m)+"*")
		}
		if !logsInBy(c, account.LoginByEmail) && c.EmailVerification == authn.VerificationMandatory {
			c.SignupFields = append(c.SignupFields, "email*")
		}
		c.SignupFields = append(c.SignupFields, "password1*")
	}
	c.EmailConfirmationTimeout = cmp.Or(c.EmailConfirmationTimeout, 24*time.Hour)
	c.PasswordResetTimeout = cmp.Or(c.PasswordResetTimeout, time.Hour)
	c.MaxEmailAddresses = cmp.Or(c.MaxEmailAddresses, 20)
	c.UsernameMinLength = cmp.Or(c.UsernameMinLength, 1)
	c.KnownDeviceCookieName = cmp.Or(c.KnownDeviceCookieName, "known_device")
	c.EmailVerificationByCode = withDefaults(c.EmailVerificationByCode, defaultVerifyCodeTimeout)
	c.PasswordResetByCode = withDefaults(c.PasswordResetByCode, defaultLoginCodeTimeout)
	if c.LoginByCode != nil {
		copied := *c.LoginByCode
		copied.CodeConfig = *withDefaults(&copied.CodeConfig, defaultLoginCodeTimeout)
		c.LoginByCode = &copied
	}
	if c.Phone != nil {
		copied := *c.Phone
		copied.CodeConfig = *withDefaults(&copied.CodeConfig, defaultVerifyCodeTimeout)
		c.Phone = &copied
	}
	return c
}

func withDefaults(c *account.CodeConfig, timeout time.Duration) *account.CodeConfig {
	if c == nil {
		return nil
	}
	copied := *c
	copied.Timeout = cmp.Or(copied.Timeout, timeout)
	copied.MaxAttempts = cmp.Or(copied.MaxAttempts, 3)
	return &copied
}

// Validate returns an error for the first invalid field, which names the field and the
// fix. c must have its defaults.
func Validate(c account.Config) error {
	for _, err := range []error{
		validateLogin(c), validateLengths(c), validateSignup(c), validateEmail(c), validatePhone(c), validateCodes(c), validateTimes(c),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func validateLogin(c account.Config) error {
	if len(c.LoginMethods) == 0 {
		return errors.New("Account.LoginMethods is empty; name at least one method, or leave it nil for email")
	}
	for i, m := range c.LoginMethods {
		if m != account.LoginByEmail && m != account.LoginByUsername && m != account.LoginByPhone {
			return fmt.Errorf("Account.LoginMethods holds %q; use email, username or phone", m)
		}
		if slices.Contains(c.LoginMethods[:i], m) {
			return fmt.Errorf("Account.LoginMethods holds %q twice; remove one", m)
		}
	}
	return nil
}

func validateSignup(c account.Config) error {
	known := []string{"email", "email2", "username", "phone", "password1", "password2"}
	for _, field := range c.SignupFields {
		name := strings.TrimSuffix(field, "*")
		if name == "password" {
			return fmt.Errorf("Account.SignupFields holds %q; the field is named password1", field)
		}
		if !slices.Contains(known, name) {
			return fmt.Errorf("Account.SignupFields holds %q; use %s, with * for required ones", field, strings.Join(known, ", "))
		}
	}
	for _, m := range c.LoginMethods {
		if present, _ := signupField(c, string(m)); present {
			return nil
		}
	}
	return errors.New("Account.SignupFields holds none of Account.LoginMethods; add one, so that new users can log in")
}

func validateEmail(c account.Config) error {
	_, emailRequired := signupField(c, "email")
	switch {
	case c.EmailVerification < authn.VerificationMandatory || c.EmailVerification > authn.VerificationNone:
		return errors.New("Account.EmailVerification is unknown; use one of the Verification constants")
	case c.Enumeration < account.PreventEnumeration || c.Enumeration > account.AllowEnumeration:
		return errors.New("Account.Enumeration is unknown; use one of the Enumeration constants")
	case c.EmailVerification == authn.VerificationMandatory && !emailRequired:
		return errors.New("Account.EmailVerification is mandatory, but \"email*\" is not in Account.SignupFields; add it, or make verification optional")
	case c.EmailVerificationByCode != nil && c.EmailVerification != authn.VerificationMandatory:
		return errors.New("Account.EmailVerificationByCode needs Account.EmailVerification to be VerificationMandatory")
	case c.MaxEmailAddresses < 0:
		return errors.New("Account.MaxEmailAddresses is negative; leave it zero for 20")
	}
	return nil
}

func validatePhone(c account.Config) error {
	present, _ := signupField(c, "phone")
	switch {
	case c.Phone == nil && (present || logsInBy(c, account.LoginByPhone)):
		return errors.New("Account.Phone is nil, but users sign up or log in with phone numbers; set it")
	case c.Phone != nil && c.Phone.Texter == nil:
		return errors.New("Account.Phone.Texter is nil; set one, for example notify.Webhook")
	}
	if c.Phone == nil {
		return nil
	}
	if err := c.Phone.Texter.Validate(); err != nil {
		return fmt.Errorf("Account.Phone.Texter: %w", err)
	}
	return nil
}

// methodNames are the values of authn.Method.Name.
var methodNames = []string{"password", "code", "password_reset", "mfa", "socialaccount", "host"}

func validateCodes(c account.Config) error {
	configs := map[string]*account.CodeConfig{
		"EmailVerificationByCode": c.EmailVerificationByCode,
		"PasswordResetByCode":     c.PasswordResetByCode,
	}
	if c.LoginByCode != nil {
		configs["LoginByCode"] = &c.LoginByCode.CodeConfig
	}
	if c.Phone != nil {
		configs["Phone"] = &c.Phone.CodeConfig
	}
	if c.LoginByCode != nil {
		for _, name := range c.LoginByCode.RequiredFor {
			if !slices.Contains(methodNames, name) {
				return fmt.Errorf("Account.LoginByCode.RequiredFor holds %q; use %s", name, strings.Join(methodNames, ", "))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		code := configs[name]
		if code == nil {
			continue
		}
		if err := codes.ValidateFormat(code.Format); err != nil {
			return fmt.Errorf("Account.%s.Format: %w", name, err)
		}
		if code.Timeout < 0 || code.MaxAttempts < 0 || code.Resends < 0 || code.Changes < 0 {
			return fmt.Errorf("Account.%s has a negative number; leave it zero for the default", name)
		}
	}
	return nil
}

func validateLengths(c account.Config) error {
	switch {
	case c.UsernameMinLength < 0 || c.UsernameMinLength > identifier.MaxUsernameLength:
		return fmt.Errorf("Account.UsernameMinLength is %d; use 1 to %d, or leave it zero for 1", c.UsernameMinLength, identifier.MaxUsernameLength)
	case c.Password.MinLength < 0 || c.Password.MinLength > password.MaxLength:
		return fmt.Errorf("Account.Password.MinLength is %d; use 1 to %d, or leave it zero for 8", c.Password.MinLength, password.MaxLength)
	case c.Password.BreachList == nil && (c.Password.LookUpAtLogin || c.Password.ResetBreached):
		return errors.New("Account.Password.BreachList is nil, but LookUpAtLogin or ResetBreached is set; set a list, such as &breach.Filter{...}")
	case c.Password.SingleFactorMinLength < 0 || c.Password.SingleFactorMinLength > password.MaxLength:
		return fmt.Errorf("Account.Password.SingleFactorMinLength is %d; use 15, or leave it zero for MinLength", c.Password.SingleFactorMinLength)
	}
	return nil
}

func validateTimes(c account.Config) error {
	switch {
	case c.EmailConfirmationTimeout < 0:
		return errors.New("Account.EmailConfirmationTimeout is negative; leave it zero for the default")
	case c.PasswordResetTimeout < 0:
		return errors.New("Account.PasswordResetTimeout is negative; leave it zero for the default")
	}
	return nil
}

// signupField reports whether the sign-up form has the field, and whether it is required.
func signupField(c account.Config, name string) (present, required bool) {
	if slices.Contains(c.SignupFields, name+"*") {
		return true, true
	}
	return slices.Contains(c.SignupFields, name), false
}

func logsInBy(c account.Config, m account.LoginMethod) bool {
	return slices.Contains(c.LoginMethods, m)
}

func loginByCodeRequestable(c account.Config) bool {
	return c.LoginByCode != nil && !c.LoginByCode.RequestDisabled
}
