package factors

import (
	"errors"

	"github.com/allauth-go/allauth/authn"
)

// ErrUnverifiedEmail means that the account holds an address that is not
// verified, and so cannot have authenticators: status 409.
var ErrUnverifiedEmail = errors.New("mfa: unverified email address")

// ErrTooManyKeys means that the user has as many keys as Config.MaxKeys allows:
// status 409.
var ErrTooManyKeys = errors.New("mfa: too many security keys")

// messages say what to do; clients go by the code.
var messages = map[string]string{
	"required":                       "This field is required.",
	"invalid":                        "Enter a valid value.",
	"invalid_choice":                 "Choose one of your authenticators.",
	"max_length":                     "Enter a shorter value.",
	"incorrect_code":                 "The code is incorrect. Check it, or wait for the next one.",
	"too_many_login_attempts":        "Too many attempts. Try again later.",
	"mfa_required":                   "Add an authenticator to your account first.",
	"unverified_email":               "Verify your email address first.",
	"cannot_delete_authenticator":    "Set a password before you remove your only way to log in.",
	"max_security_keys":              "Remove a security key before you add another one.",
	"cannot_generate_recovery_codes": "Add another authenticator before you generate recovery codes.",
}

// Problem is an input problem of one field, or of the whole input if param is
// empty.
func Problem(param, code string) *authn.Error {
	return &authn.Error{Code: code, Param: param, Message: messages[code]}
}

// problems is Problem as a list.
func problems(param, code string) authn.Errors { return authn.Errors{Problem(param, code)} }

// rejected is the problem of an answer of a security key. That of a
// registration has no field.
func rejected(param string) authn.Errors {
	e := Problem(param, "incorrect_code")
	e.Message = "The security key was not recognized. Try again."
	return authn.Errors{e}
}
