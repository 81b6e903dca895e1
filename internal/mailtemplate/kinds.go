package mailtemplate

import (
	"slices"
	"strings"
)

// kinds are the kinds of messages that have templates.
var kinds = []string{
	"account/email_confirmation_signup",
	"account/email_confirmation",
	"account/account_already_exists",
	"account/unknown_account",
	"account/password_reset_key",
	"account/password_reset_code",
	"account/invitation",
	"account/login_from_new_device",
	"account/login_code",
	"account/reauthentication_code",
	"account/password_reset",
	"account/password_changed",
	"account/password_set",
	"account/email_changed",
	"account/email_deleted",
	"account/deletion_requested",
	"account/deleted",
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
	"SiteName",          // the name of the site
	"Email",             // the address to which the mail is sent
	"Phone",             // the number to which the text message is sent
	"User",              // the name by which the user is greeted
	"Username",          // the username with which the user logs in
	"UserID",            // the id of the user, if the mail is for one
	"Extra",             // the custom fields of the user: a map of texts
	"Locale",            // the language of the message, such as "de"
	"Key",               // the secret in URL
	"URL",               // the link of the mail
	"Code",              // the code that the user enters
	"ExpiresIn",         // how long the code or link is valid, such as "15 minutes"
	"SignupURL",         // the page on which users sign up
	"PasswordResetURL",  // the page on which users request a password reset
	"Timestamp",         // the time of the change
	"IP",                // the IP address of the client that made the change
	"UserAgent",         // the User-Agent header of the client
	"Browser",           // the browser and the system of the client in words
	"FromEmail",         // the address before a change
	"ToEmail",           // the address after a change
	"DeletionTime",      // the time at which the account will be deleted
	"DeletedEmail",      // the address that was removed
	"Provider",          // the name of the provider
	"AuthenticatorName", // the name of the security key
}

// Kinds returns all kinds of messages.
func Kinds() []string { return slices.Clone(kinds) }

// Fields returns the names of the values that templates can use.
func Fields() []string { return slices.Clone(fields) }

// isText reports whether a kind is a text message, which has neither a subject nor HTML.
func isText(kind string) bool { return strings.HasPrefix(kind, "sms/") }
