package accounts

import (
	"fmt"

	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
)

// messages say what to do, by code. Clients go by the code.
var messages = map[string]string{
	"required":                    "This field is required.",
	"invalid":                     "Enter a valid value.",
	"max_length":                  "Enter a shorter value.",
	"min_length":                  "Enter a longer value.",
	"null_characters_not_allowed": "Remove the null characters.",
	"invalid_phone":               "Enter a phone number with its country code, like +31612345678.",
	"email_password_mismatch":     "The email address or the password is incorrect. Check both.",
	"username_password_mismatch":  "The username or the password is incorrect. Check both.",
	"phone_password_mismatch":     "The phone number or the password is incorrect. Check both.",
	"invalid_login":               "Provide exactly one of email, username or phone.",
	"too_many_login_attempts":     "Too many attempts. Try again later.",
	"email_taken":                 "Another account uses this email address. Log in to that account, or enter another address.",
	"username_taken":              "This username is taken. Enter another one.",
	"username_blacklisted":        "This username cannot be used. Enter another one.",
	"phone_taken":                 "Another account uses this phone number. Log in to that account, or enter another number.",
	"duplicate_email":             "This email address is already on your account. Enter another one.",
	"max_email_addresses":         "Your account cannot have more email addresses. Remove one first.",
	"add_email_blocked":           "Turn off two-factor authentication before you add an email address.",
	"cannot_remove_primary_email": "Make another email address your primary one before you remove this one.",
	"unverified_primary_email":    "Verify this email address before you make it your primary one.",
	"unknown_email":               "No account uses this email address. Check it, or sign up.",
	"unknown_phone":               "No account uses this phone number. Check it, or sign up.",
	"same_as_current":             "Enter a value that differs from the current one.",
	"select_only_one":             "Provide either an email address or a phone number.",
	"incorrect_code":              "The code is incorrect. Check it, or request a new one.",
	"invalid_or_expired_key":      "The link is invalid or has expired. Request a new one.",
	"invalid_password_reset":      "The link is invalid or was used before. Request a new one.",
	"incorrect_password":          "The password is incorrect. Check it, and try again.",
	"enter_current_password":      "Enter your current password.",
	"email_mismatch":              "Enter the same email address twice.",
}

// fieldTexts take the place of messages where a field asks for something of its own,
// by field and code.
var fieldTexts = map[string]string{
	"email.invalid":            "Enter a valid email address.",
	"email2.invalid":           "Enter a valid email address.",
	"username.invalid":         "Enter a username of letters of one alphabet, digits and . + - _ only.",
	"phone.invalid":            "Enter a phone number with its country code, like +31612345678.",
	"password.invalid":         "Enter the password as a text.",
	"current_password.invalid": "Enter the password as a text.",
	"new_password.invalid":     "Enter the password as a text.",
	"key.invalid":              "Enter the code or key as a text or a number.",
	"code.invalid":             "Enter the code as a text or a number.",
	"email.max_length":         fmt.Sprintf("Enter an email address of at most %d characters.", identifier.MaxEmailLength),
	"email2.max_length":        fmt.Sprintf("Enter an email address of at most %d characters.", identifier.MaxEmailLength),
	"username.max_length":      fmt.Sprintf("Enter a username of at most %d characters.", identifier.MaxUsernameLength),
	"phone.max_length":         "Enter a phone number with its country code, like +31612345678.",
	"email.same_as_current":    "Enter an email address that differs from the current one.",
	"phone.same_as_current":    "Enter a phone number that differs from the current one.",
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
