package account

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account/password"
)

// Defaults of the durations.
const (
	defaultLoginTimeout        = 15 * time.Minute
	defaultReauthentication    = 5 * time.Minute
	defaultConfirmationTimeout = 24 * time.Hour
	defaultResetTimeout        = time.Hour
	defaultLoginCodeTimeout    = 3 * time.Minute
	defaultVerifyCodeTimeout   = 10 * time.Minute
	defaultMaxAttempts         = 3
	defaultMaxEmailAddresses   = 20
)

// WithDefaults returns a copy in which every zero field has its default.
func (c Config) WithDefaults() Config {
	if c.LoginMethods == nil {
		c.LoginMethods = []LoginMethod{LoginByEmail}
	}
	if c.SignupFields == nil {
		for _, m := range c.LoginMethods {
			c.SignupFields = append(c.SignupFields, string(m)+"*")
		}
		if !c.logsInBy(LoginByEmail) && c.EmailVerification == VerificationMandatory {
			c.SignupFields = append(c.SignupFields, "email*")
		}
		c.SignupFields = append(c.SignupFields, "password1*")
	}
	setDefault(&c.LoginTimeout, defaultLoginTimeout)
	setDefault(&c.ReauthenticationTimeout, defaultReauthentication)
	setDefault(&c.EmailConfirmationTimeout, defaultConfirmationTimeout)
	setDefault(&c.PasswordResetTimeout, defaultResetTimeout)
	setDefault(&c.MaxEmailAddresses, defaultMaxEmailAddresses)
	setDefault(&c.UsernameMinLength, 1)
	setDefault(&c.KnownDeviceCookieName, "known_device")
	c.EmailVerificationByCode = c.EmailVerificationByCode.withDefaults(defaultVerifyCodeTimeout)
	c.PasswordResetByCode = c.PasswordResetByCode.withDefaults(defaultLoginCodeTimeout)
	if c.LoginByCode != nil {
		copied := *c.LoginByCode
		copied.CodeConfig = *copied.CodeConfig.withDefaults(defaultLoginCodeTimeout)
		c.LoginByCode = &copied
	}
	if c.Phone != nil {
		copied := *c.Phone
		copied.CodeConfig = *copied.CodeConfig.withDefaults(defaultVerifyCodeTimeout)
		c.Phone = &copied
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *CodeConfig) withDefaults(timeout time.Duration) *CodeConfig {
	if c == nil {
		return nil
	}
	copied := *c
	setDefault(&copied.Timeout, timeout)
	setDefault(&copied.MaxAttempts, defaultMaxAttempts)
	return &copied
}

// Validate reports the first field that can not be right, in a sentence that
// names it and the fix. It is called on a configuration with its defaults.
func (c Config) Validate() error {
	for _, check := range []func() error{c.validateLogin, c.validateLengths, c.validateSignup, c.validateEmail, c.validatePhone, c.validateCodes, c.validateTimes} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Config) validateLogin() error {
	if len(c.LoginMethods) == 0 {
		return errors.New("Account.LoginMethods is empty; name at least one method, or leave it nil for e-mail")
	}
	for i, m := range c.LoginMethods {
		if m != LoginByEmail && m != LoginByUsername && m != LoginByPhone {
			return fmt.Errorf("Account.LoginMethods holds %q; use email, username or phone", m)
		}
		if slices.Contains(c.LoginMethods[:i], m) {
			return fmt.Errorf("Account.LoginMethods holds %q twice; remove one", m)
		}
	}
	return nil
}

func (c Config) validateSignup() error {
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
		if present, _ := c.signupField(string(m)); present {
			return nil
		}
	}
	return errors.New("Account.SignupFields holds none of Account.LoginMethods; add one, so that new users can log in")
}

func (c Config) validateEmail() error {
	_, emailRequired := c.signupField("email")
	switch {
	case c.EmailVerification < VerificationMandatory || c.EmailVerification > VerificationNone:
		return errors.New("Account.EmailVerification is unknown; use one of the Verification constants")
	case c.Enumeration < PreventEnumeration || c.Enumeration > AllowEnumeration:
		return errors.New("Account.Enumeration is unknown; use one of the Enumeration constants")
	case c.EmailVerification == VerificationMandatory && !emailRequired:
		return errors.New("Account.EmailVerification is mandatory, but \"email*\" is not in Account.SignupFields; add it, or make verification optional")
	case c.EmailVerificationByCode != nil && c.EmailVerification != VerificationMandatory:
		return errors.New("Account.EmailVerificationByCode needs Account.EmailVerification to be VerificationMandatory")
	case c.MaxEmailAddresses < 0:
		return errors.New("Account.MaxEmailAddresses is negative; leave it zero for 20")
	}
	return nil
}

func (c Config) validatePhone() error {
	present, _ := c.signupField("phone")
	switch {
	case c.Phone == nil && (present || c.logsInBy(LoginByPhone)):
		return errors.New("Account.Phone is nil, but telephone numbers are used to sign up or log in; set it")
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

// proofs are the names of authn.Method.
var proofs = []string{"password", "code", "password_reset", "mfa", "socialaccount"}

func (c Config) validateCodes() error {
	codes := map[string]*CodeConfig{
		"EmailVerificationByCode": c.EmailVerificationByCode,
		"PasswordResetByCode":     c.PasswordResetByCode,
	}
	if c.LoginByCode != nil {
		codes["LoginByCode"] = &c.LoginByCode.CodeConfig
	}
	if c.Phone != nil {
		codes["Phone"] = &c.Phone.CodeConfig
	}
	if c.LoginByCode != nil {
		for _, proof := range c.LoginByCode.RequiredFor {
			if !slices.Contains(proofs, proof) {
				return fmt.Errorf("Account.LoginByCode.RequiredFor holds %q; use %s", proof, strings.Join(proofs, ", "))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(codes)) {
		code := codes[name]
		if code == nil {
			continue
		}
		if err := code.Format.Validate(); err != nil {
			return fmt.Errorf("Account.%s.Format: %w", name, err)
		}
		if code.Timeout < 0 || code.MaxAttempts < 0 || code.Resends < 0 || code.Changes < 0 {
			return fmt.Errorf("Account.%s has a negative number; leave it zero for the default", name)
		}
	}
	return nil
}

func (c Config) validateLengths() error {
	switch {
	case c.UsernameMinLength < 0 || c.UsernameMinLength > maxUsernameLength:
		return fmt.Errorf("Account.UsernameMinLength is %d; use 1 to %d, or leave it zero for 1", c.UsernameMinLength, maxUsernameLength)
	case c.Password.MinLength < 0 || c.Password.MinLength > password.MaxLength:
		return fmt.Errorf("Account.Password.MinLength is %d; use 1 to %d, or leave it zero for 8", c.Password.MinLength, password.MaxLength)
	case c.Password.SingleFactorMinLength < 0 || c.Password.SingleFactorMinLength > password.MaxLength:
		return fmt.Errorf("Account.Password.SingleFactorMinLength is %d; use 15, or leave it zero for MinLength", c.Password.SingleFactorMinLength)
	}
	return nil
}

func (c Config) validateTimes() error {
	times := map[string]time.Duration{
		"LoginTimeout": c.LoginTimeout, "ReauthenticationTimeout": c.ReauthenticationTimeout,
		"EmailConfirmationTimeout": c.EmailConfirmationTimeout, "PasswordResetTimeout": c.PasswordResetTimeout,
	}
	for _, name := range slices.Sorted(maps.Keys(times)) {
		if times[name] < 0 {
			return fmt.Errorf("Account.%s is negative; leave it zero for the default", name)
		}
	}
	return nil
}

// signupField reports whether the sign-up has that field, and requires it.
func (c Config) signupField(name string) (present, required bool) {
	if slices.Contains(c.SignupFields, name+"*") {
		return true, true
	}
	return slices.Contains(c.SignupFields, name), false
}

func (c Config) logsInBy(m LoginMethod) bool { return slices.Contains(c.LoginMethods, m) }

func (c Config) loginByCodeRequestable() bool {
	return c.LoginByCode != nil && !c.LoginByCode.RequestDisabled
}
