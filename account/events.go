package account

import "github.com/allauth-go/allauth/authn"

// The events of this room, published after what they tell of is stored.

// UserSignedUp tells of a new account.
type UserSignedUp struct{ UserID string }

// UserLoggedIn is published when a login is complete, by whatever method.
type UserLoggedIn struct {
	UserID string
	// Signup is true for the first login of a new account.
	Signup bool
	// Methods are the authentication methods of the session, oldest first.
	Methods []authn.Method
	Client  authn.Client
}

// UserLoggedOut tells of a session that its user ended.
type UserLoggedOut struct{ UserID string }

// LoginFailed tells of a wrong password. UserID is empty where the account does
// not exist.
type LoginFailed struct{ UserID, Identifier, IP string }

// PasswordSet tells of a first password.
type PasswordSet struct{ UserID string }

// PasswordChanged tells of a new password, given by its owner.
type PasswordChanged struct{ UserID string }

// PasswordReset tells of a new password, given by way of a mail.
type PasswordReset struct{ UserID string }

// EmailAdded tells of a new address.
type EmailAdded struct{ UserID, Email string }

// EmailRemoved tells of an address that is gone.
type EmailRemoved struct{ UserID, Email string }

// EmailChanged tells of a new primary address.
type EmailChanged struct{ UserID, From, To string }

// EmailConfirmed tells of an address that was proved.
type EmailConfirmed struct{ UserID, Email string }

// PhoneChanged tells of a new number.
type PhoneChanged struct{ UserID, From, To string }

// PhoneVerified tells of a number that was proved.
type PhoneVerified struct{ UserID, Number string }

// CodeRejected tells of a wrong one-time code. Purpose is "login_code",
// "reauthentication_code", "email_verification", "phone_verification" or "password_reset_code". Last is
// true if it was the last attempt.
type CodeRejected struct {
	UserID, Purpose string
	Last            bool
}

// AddressReclaimed is published when an account without a verified email address
// or phone number was recovered by one of them. All earlier credentials and all
// other contacts were removed, as another person may have made the account.
// Exactly one of Email and Phone is set.
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
