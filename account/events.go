package account

import "github.com/allauth-go/allauth/authn"

// The events of accounts. Each is published after the change is stored.

// UserSignedUp is published when an account was created.
type UserSignedUp struct{ UserID string }

// UserLoggedIn is published when a login is complete, by any method.
type UserLoggedIn struct {
	UserID string
	// Signup is true for the first login of a new account.
	Signup bool
	// Methods are the authentication methods of the session, oldest first.
	Methods []authn.Method
	Client  authn.Client
}

// UserLoggedOut is published when a user ended a session.
type UserLoggedOut struct{ UserID string }

// LoginFailed is published after a wrong password. UserID is empty if the account
// does not exist.
type LoginFailed struct{ UserID, Identifier, IP string }

// PasswordSet is published when a user without a password set one.
type PasswordSet struct{ UserID string }

// PasswordChanged is published when a user changed their password.
type PasswordChanged struct{ UserID string }

// PasswordReset is published when a password was reset by a mailed link or code.
type PasswordReset struct{ UserID string }

// EmailAdded is published when an account got another address.
type EmailAdded struct{ UserID, Email string }

// EmailRemoved is published when an address was removed.
type EmailRemoved struct{ UserID, Email string }

// EmailChanged is published when the primary address changed.
type EmailChanged struct{ UserID, From, To string }

// EmailConfirmed is published when an address was verified.
type EmailConfirmed struct{ UserID, Email string }

// PhoneChanged is published when the phone number changed.
type PhoneChanged struct{ UserID, From, To string }

// PhoneVerified is published when a phone number was verified.
type PhoneVerified struct{ UserID, Number string }

// CodeRejected is published after a wrong one-time code. Purpose is "login_code",
// "reauthentication_code", "email_verification", "phone_verification" or
// "password_reset_code". Last is true for the last attempt.
type CodeRejected struct {
	UserID, Purpose string
	Last            bool
}

// AddressReclaimed is published when an account without a verified email address
// or phone number was recovered by one of them. All earlier credentials and other
// contacts were removed, as another person may have created the account. Exactly
// one of Email and Phone is set.
type AddressReclaimed struct{ UserID, Email, Phone string }

// EventName implements authn.Event.
func (UserLoggedIn) EventName() string { return "account.user_logged_in" }

// EventName implements authn.Event.
func (UserSignedUp) EventName() string { return "account.user_signed_up" }

// EventName implements authn.Event.
func (UserLoggedOut) EventName() string { return "account.user_logged_out" }

// EventName implements authn.Event.
func (LoginFailed) EventName() string { return "account.login_failed" }

// EventName implements authn.Event.
func (PasswordSet) EventName() string { return "account.password_set" }

// EventName implements authn.Event.
func (PasswordChanged) EventName() string { return "account.password_changed" }

// EventName implements authn.Event.
func (PasswordReset) EventName() string { return "account.password_reset" }

// EventName implements authn.Event.
func (EmailAdded) EventName() string { return "account.email_added" }

// EventName implements authn.Event.
func (EmailRemoved) EventName() string { return "account.email_removed" }

// EventName implements authn.Event.
func (EmailChanged) EventName() string { return "account.email_changed" }

// EventName implements authn.Event.
func (EmailConfirmed) EventName() string { return "account.email_confirmed" }

// EventName implements authn.Event.
func (PhoneChanged) EventName() string { return "account.phone_changed" }

// EventName implements authn.Event.
func (PhoneVerified) EventName() string { return "account.phone_verified" }

// EventName implements authn.Event.
func (CodeRejected) EventName() string { return "account.code_rejected" }

// EventName implements authn.Event.
func (AddressReclaimed) EventName() string { return "account.address_reclaimed" }
