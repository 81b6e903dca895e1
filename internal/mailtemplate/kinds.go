package mailtemplate

import (
	"slices"
	"strings"
)

// kinds are the messages that there are templates for.
var kinds = []string{
	"account/email_confirmation_signup",
	"account/email_confirmation",
	"account/account_already_exists",
	"account/unknown_account",
	"account/password_reset_key",
	"account/password_reset_code",
	"account/login_code",
	"account/reauthentication_code",
	"account/password_reset",
	"account/password_changed",
	"account/password_set",
	"account/email_changed",
	"account/email_deleted",
	"mfa/totp_activated",
	"mfa/totp_deactivated",
	"mfa/recovery_codes_generated",
	"mfa/webauthn_added",
	"mfa/webauthn_removed",
	"socialaccount/account_connected",
	"socialaccount/account_disconnected",
	"sms/verification_code",
	"sms/reauthentication_code",
	"sms/unknown_account",
	"sms/account_already_exists",
}

// fields are the values that templates can use.
var fields = []string{
	"SiteName",          // what the site calls itself
	"Email",             // the address that the mail goes to
	"Phone",             // the number that the text message goes to
	"User",              // how the user is shown to people
	"Username",          // what the user logs in with
	"Key",               // the secret in URL
	"URL",               // where the link of the mail leads
	"Code",              // the code to be entered
	"ExpiresIn",         // how long code or link are valid, such as "15 minutes"
	"SignupURL",         // the page for signing up
	"PasswordResetURL",  // the page for asking for a new password
	"Timestamp",         // when it happened
	"IP",                // from which address
	"UserAgent",         // with which browser
	"FromEmail",         // the address before a change
	"ToEmail",           // the address after it
	"DeletedEmail",      // the address that was removed
	"Provider",          // the name of the other site
	"AuthenticatorName", // what the user calls a security key
}

// Kinds returns all kinds of messages.
func Kinds() []string { return slices.Clone(kinds) }

// Fields returns the names of the values that every template can use.
func Fields() []string { return slices.Clone(fields) }

// isText reports whether a kind is a text message, which is neither HTML nor
// has a subject.
func isText(kind string) bool { return strings.HasPrefix(kind, "sms/") }
