package account

import (
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
)

// messages are what people read; clients go by the code.
var messages = map[string]string{
	"required":                    "This field is required.",
	"invalid":                     "This value is not valid.",
	"max_length":                  "This value is too long.",
	"min_length":                  "This value is too short.",
	"null_characters_not_allowed": "Null characters are not allowed.",
	"invalid_phone":               "Enter a phone number with its country code, like +31612345678.",
	"email_password_mismatch":     "The e-mail address and the password do not belong together.",
	"username_password_mismatch":  "The username and the password do not belong together.",
	"phone_password_mismatch":     "The phone number and the password do not belong together.",
	"invalid_login":               "Say who you are in exactly one way.",
	"too_many_login_attempts":     "Too many attempts. Try again later.",
	"email_taken":                 "Another account uses this e-mail address.",
	"username_taken":              "This username is taken.",
	"username_blacklisted":        "This username can not be used.",
	"phone_taken":                 "Another account uses this phone number.",
	"duplicate_email":             "This e-mail address is on your account already.",
	"max_email_addresses":         "Your account can not have more e-mail addresses.",
	"add_email_blocked":           "You can not add an e-mail address while your account is protected by two-factor authentication.",
	"cannot_remove_primary_email": "Your primary e-mail address can not be removed.",
	"unverified_primary_email":    "Your primary e-mail address must be verified.",
	"unknown_email":               "No account uses this e-mail address.",
	"unknown_phone":               "No account uses this phone number.",
	"same_as_current":             "This is the current value.",
	"select_only_one":             "Give one of them only.",
	"incorrect_code":              "This code is not correct.",
	"invalid_or_expired_key":      "This key is not valid, or it has expired.",
	"invalid_password_reset":      "This link is not valid, or it was used already.",
	"incorrect_password":          "This password is not correct.",
	"enter_current_password":      "Enter your current password.",
	"email_mismatch":              "The two e-mail addresses differ.",
}

// Problem is an input problem of one field, or of the whole input if param is
// empty.
func Problem(param, code string) *authn.Error {
	return &authn.Error{Code: code, Param: param, Message: messages[code]}
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
