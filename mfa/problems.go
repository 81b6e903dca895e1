package mfa

import (
	"errors"

	"github.com/allauth-go/allauth/authn"
)

// ErrUnverifiedEmail means that the account holds an address that is not
// verified, and so can not have authenticators: status 409.
var ErrUnverifiedEmail = errors.New("mfa: unverified e-mail address")

// ErrTooManyKeys means that the user has as many keys as Config.MaxKeys allows:
// status 409.
var ErrTooManyKeys = errors.New("mfa: too many security keys")

// messages are what people read; clients go by the code.
var messages = map[string]string{
	"required":                       "This field is required.",
	"invalid":                        "This value is not valid.",
	"invalid_choice":                 "Select a valid choice.",
	"max_length":                     "This value is too long.",
	"incorrect_code":                 "This code is not correct.",
	"too_many_login_attempts":        "Too many attempts. Try again later.",
	"mfa_required":                   "Add an authenticator to your account first.",
	"unverified_email":               "Verify your e-mail address first.",
	"cannot_delete_authenticator":    "This is your only way to log in. Set a password first.",
	"max_security_keys":              "Remove a security key before you add another one.",
	"cannot_generate_recovery_codes": "Recovery codes need another authenticator first.",
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
	e.Message = "The security key could not be verified."
	return authn.Errors{e}
}
