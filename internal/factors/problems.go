package factors

import (
	"errors"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
)

// ErrUnverifiedEmail means that the account holds an address that is not
// verified, and so cannot have authenticators: status 409.
var ErrUnverifiedEmail = errors.New("mfa: unverified email address")

// ErrTooManyKeys means that the user has as many keys as Config.MaxKeys allows:
// status 409.
var ErrTooManyKeys = errors.New("mfa: too many security keys")

// messages say what to do; clients go by the code.
var messages = map[string]string{
	code.Required:                    "This field is required.",
	code.Invalid:                     "Enter a valid value.",
	code.InvalidChoice:               "Choose one of your authenticators.",
	code.MaxLength:                   "Enter a shorter value.",
	code.IncorrectCode:               "The code is incorrect. Check it, or wait for the next one.",
	code.TooManyLoginAttempts:        "Too many attempts. Try again later.",
	code.MFARequired:                 "Add an authenticator to your account first.",
	code.UnverifiedEmail:             "Verify your email address first.",
	code.CannotDeleteAuthenticator:   "Set a password before you remove your only way to log in.",
	code.MaxSecurityKeys:             "Remove a security key before you add another one.",
	code.CannotGenerateRecoveryCodes: "Add another authenticator before you generate recovery codes.",
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
