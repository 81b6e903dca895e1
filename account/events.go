package account

import "github.com/allauth-go/allauth/authn"

// The details of the events of accounts. Each event is published after the change is
// stored.

// UserSignedUp is published when an account was created.
type UserSignedUp struct{}

// UserLoggedIn is published when a login is complete, by any method.
type UserLoggedIn struct {
	// Signup is true for the first login of a new account.
	Signup bool `json:"signup"`
	// Methods are the authentication methods of the session, oldest first.
	Methods []authn.Method `json:"methods"`
}

// UserLoggedOut is published when a user ended a session.
type UserLoggedOut struct{}

// LoginFailed is published after a wrong password. The event has no UserID if the
// account does not exist.
type LoginFailed struct {
	// Identifier is what the client sent as the username, email address or phone
	// number. It may be anything, even a password in the wrong field, so it is not
	// part of the JSON form and of logs.
	Identifier string `json:"-"`
}

// PasswordSet is published when a user without a password got one.
type PasswordSet struct{}

// PasswordChanged is published when a password was changed, by its user or by an
// administrator.
type PasswordChanged struct{}

// PasswordReset is published when a password was reset by a mailed link or code.
type PasswordReset struct{}

// EmailAdded is published when an account got another address.
type EmailAdded struct {
	Email string `json:"email"`
}

// EmailRemoved is published when an address was removed.
type EmailRemoved struct {
	Email string `json:"email"`
}

// EmailChanged is published when the primary address changed.
type EmailChanged struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// EmailConfirmed is published when an address was verified.
type EmailConfirmed struct {
	Email string `json:"email"`
}

// PhoneChanged is published when the phone number changed.
type PhoneChanged struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// PhoneVerified is published when a phone number was verified.
type PhoneVerified struct {
	Number string `json:"number"`
}

// CodeRejected is published after a wrong one-time code.
type CodeRejected struct {
	// Purpose is "login_code", "reauthentication_code", "email_verification",
	// "phone_verification" or "password_reset_code".
	Purpose string `json:"purpose"`
	// Last is true for the last attempt.
	Last bool `json:"last"`
}

// AddressReclaimed is published when an account without a verified email address
// or phone number was recovered by one of them. All earlier credentials and other
// contacts were removed, as another person may have created the account. Exactly
// one of Email and Phone is set.
type AddressReclaimed struct {
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// EventName implements authn.EventDetails.
func (UserLoggedIn) EventName() string { return "account.user_logged_in" }

// EventName implements authn.EventDetails.
func (UserSignedUp) EventName() string { return "account.user_signed_up" }

// EventName implements authn.EventDetails.
func (UserLoggedOut) EventName() string { return "account.user_logged_out" }

// EventName implements authn.EventDetails.
func (LoginFailed) EventName() string { return "account.login_failed" }

// EventName implements authn.EventDetails.
func (PasswordSet) EventName() string { return "account.password_set" }

// EventName implements authn.EventDetails.
func (PasswordChanged) EventName() string { return "account.password_changed" }

// EventName implements authn.EventDetails.
func (PasswordReset) EventName() string { return "account.password_reset" }

// EventName implements authn.EventDetails.
func (EmailAdded) EventName() string { return "account.email_added" }

// EventName implements authn.EventDetails.
func (EmailRemoved) EventName() string { return "account.email_removed" }

// EventName implements authn.EventDetails.
func (EmailChanged) EventName() string { return "account.email_changed" }

// EventName implements authn.EventDetails.
func (EmailConfirmed) EventName() string { return "account.email_confirmed" }

// EventName implements authn.EventDetails.
func (PhoneChanged) EventName() string { return "account.phone_changed" }

// EventName implements authn.EventDetails.
func (PhoneVerified) EventName() string { return "account.phone_verified" }

// EventName implements authn.EventDetails.
func (CodeRejected) EventName() string { return "account.code_rejected" }

// EventName implements authn.EventDetails.
func (AddressReclaimed) EventName() string { return "account.address_reclaimed" }
