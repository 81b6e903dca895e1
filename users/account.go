package users

import (
	"encoding/json"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Account is a user with the contacts that the library knows.
type Account struct {
	*authn.User
	// Emails are the email addresses in the order in which they were added.
	Emails []Email
	// Phone is the phone number. Its Number is empty if there is none.
	Phone Phone
	// HasPassword is false for accounts without a password.
	HasPassword bool
	// Invited is true while the account waits for the user to accept an invitation:
	// until then no one can log in to it.
	Invited bool
}

// Email is an email address of a user.
type Email struct {
	Address string
	// Verified states that the user owns the address.
	Verified bool
	// Primary is true for one address of the user at most.
	Primary bool
}

// Phone is the phone number of a user.
type Phone struct {
	Number string
	// Verified states that the user owns the number.
	Verified bool
}

// Session is a session of a user.
type Session struct {
	ID string
	// Kind is "app" or "browser".
	Kind string
	// IP and UserAgent describe the client.
	IP, UserAgent                    string
	CreatedAt, LastSeenAt, ExpiresAt time.Time
}

// Page is a part of a list.
type Page struct {
	Users []Account
	// Next is the Cursor of the next page, empty if there is none.
	Next string
}

// Create describes a user whom the host creates, for example in an import from another
// system or for an invitation. All fields may be empty, whatever the sign-up form
// requires. The rules are those for existing accounts: an email address must be accepted
// by identifier.KnownEmail, and a username may contain @ or mix scripts.
type Create struct {
	// ID is the ID of the new user, see [Directory]. Empty: the store chooses one.
	ID       string
	Username string
	// AllowUsernameTwin accepts a username that differs only in case from that of
	// another user. Each user logs in with the exact spelling; any other spelling
	// belongs to the user who was imported first. A username in lower case must be
	// imported before its twins, or else it is taken. The rule for equal usernames is
	// that of identifier.Username.
	AllowUsernameTwin bool
	Display           string
	// Emails are the addresses. If none is Primary, the first verified one becomes it,
	// or else the first one. The user has to verify one at the first login, as after a
	// sign-up, if none is Verified.
	Emails []Email
	Phone  Phone
	// PasswordHash is a hash in one of the formats that package password supports. It
	// is upgraded at the first login. A text that begins with an exclamation mark
	// stands for no password, as in Django. Empty: there is no password yet.
	PasswordHash string
	// Disabled creates a user who cannot log in. It needs a [Directory].
	Disabled bool
	Extra    map[string]json.RawMessage
	// Invite invites the user to the primary address, see allauth.Users.Invite. The
	// user chooses a password then, so PasswordHash is not stored.
	Invite bool
}

// Result is what became of a [Create].
type Result struct {
	// User is nil if Err is set.
	*authn.User
	// Skipped are the values that the user was created without.
	Skipped []Skipped
	// Err says why the user was not created: [authn.ErrConflict] if the ID exists or both
	// Invite and Disabled are set, [ErrInvalidID] if the store cannot keep it, or
	// [ErrNoEmail] if Invite is set and the user has no address left.
	Err error
}

// Skipped is a value of a [Create] that was not stored.
type Skipped struct {
	// Field is "username", "email", "phone" or "password_hash".
	Field string
	// Value is the value. It is empty for a password hash.
	Value string
	// Err is [authn.ErrConflict] if another user has the value, or if it is the password
	// hash of an invited user, [authn.Errors] if it is invalid, or
	// password.ErrUnsupportedHash.
	Err error
}

// Update changes a user. Nil fields stay as they are.
type Update struct {
	// Username is the new username. The empty one removes it.
	Username *string
	Display  *string
	// Extra replaces all custom fields.
	Extra map[string]json.RawMessage
}
