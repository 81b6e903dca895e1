package accounts

import (
	"fmt"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
)

// messages say what to do, by code. Clients go by the code.
var messages = map[string]string{
	code.Required:                 "This field is required.",
	code.Invalid:                  "Enter a valid value.",
	code.MaxLength:                "Enter a shorter value.",
	code.MinLength:                "Enter a longer value.",
	code.NullCharactersNotAllowed: "Remove the null characters.",
	code.InvalidPhone:             "Enter a phone number with its country code, like +31612345678.",
	code.EmailPasswordMismatch:    "The email address or the password is incorrect. Check both.",
	code.UsernamePasswordMismatch: "The username or the password is incorrect. Check both.",
	code.PhonePasswordMismatch:    "The phone number or the password is incorrect. Check both.",
	code.InvalidLogin:             "Provide exactly one of email, username or phone.",
	code.TooManyLoginAttempts:     "Too many attempts. Try again later.",
	code.EmailTaken:               "Another account uses this email address. Log in to that account, or enter another address.",
	code.UsernameTaken:            "This username is taken. Enter another one.",
	code.UsernameBlacklisted:      "This username cannot be used. Enter another one.",
	code.PhoneTaken:               "Another account uses this phone number. Log in to that account, or enter another number.",
	code.DuplicateEmail:           "This email address is already on your account. Enter another one.",
	code.MaxEmailAddresses:        "Your account cannot have more email addresses. Remove one first.",
	code.AddEmailBlocked:          "Turn off two-factor authentication before you add an email address.",
	code.CannotRemovePrimaryEmail: "Make another email address your primary one before you remove this one.",
	code.UnverifiedPrimaryEmail:   "Verify this email address before you make it your primary one.",
	code.UnknownEmail:             "No account uses this email address. Check it, or sign up.",
	code.UnknownPhone:             "No account uses this phone number. Check it, or sign up.",
	code.SameAsCurrent:            "Enter a value that differs from the current one.",
	code.SelectOnlyOne:            "Provide either an email address or a phone number.",
	code.IncorrectCode:            "The code is incorrect. Check it, or request a new one.",
	code.InvalidOrExpiredKey:      "The link is invalid or has expired. Request a new one.",
	code.InvalidPasswordReset:     "The link is invalid or was used before. Request a new one.",
	code.IncorrectPassword:        "The password is incorrect. Check it, and try again.",
	code.EnterCurrentPassword:     "Enter your current password.",
}

// fieldTexts take the place of messages where a field asks for something of its own,
// by field and code.
var fieldTexts = map[string]string{
	"email." + code.Invalid:            "Enter a valid email address.",
	"email2." + code.Invalid:           "Enter a valid email address.",
	"username." + code.Invalid:         "Enter a username of letters of one alphabet, digits and . + - _ only.",
	"phone." + code.Invalid:            "Enter a phone number with its country code, like +31612345678.",
	"password." + code.Invalid:         "Enter the password as a text.",
	"current_password." + code.Invalid: "Enter the password as a text.",
	"new_password." + code.Invalid:     "Enter the password as a text.",
	"key." + code.Invalid:              "Enter the code or key as a text or a number.",
	"code." + code.Invalid:             "Enter the code as a text or a number.",
	"email." + code.MaxLength:          fmt.Sprintf("Enter an email address of at most %d characters.", identifier.MaxEmailLength),
	"email2.":                          "Enter the same email address twice.", // it has no code
	"email2." + code.MaxLength:         fmt.Sprintf("Enter an email address of at most %d characters.", identifier.MaxEmailLength),
	"username." + code.MaxLength:       fmt.Sprintf("Enter a username of at most %d characters.", identifier.MaxUsernameLength),
	"phone." + code.MaxLength:          "Enter a phone number with its country code, like +31612345678.",
	"email." + code.SameAsCurrent:      "Enter an email address that differs from the current one.",
	"phone." + code.SameAsCurrent:      "Enter a phone number that differs from the current one.",
}

// Problem is an input problem of one field, or of the whole input if param is
// empty.
func Problem(param, code string) *authn.Error {
	message, ok := fieldTexts[param+"."+code]
	if !ok {
		message = messages[code]
	}
	return &authn.Error{Code: code, Param: param, Message: message}
}

// notOnAccount is the problem of an address that the user does not have.
func notOnAccount() authn.Errors {
	e := Problem("email", "unknown_email")
	e.Message = "Enter an email address of your account."
	return authn.Errors{e}
}

// problems is Problem as a list.
func problems(param, code string) authn.Errors { return authn.Errors{Problem(param, code)} }

// passwordProblems says under the field's name what is wrong with a password.
func passwordProblems(param string, list []password.Problem) authn.Errors {
	var errs authn.Errors
	for _, p := range list {
		errs = append(errs, &authn.Error{Code: p.Code, Param: param, Message: p.Message})
	}
	return errs
}
