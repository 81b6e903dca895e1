package account

import (
	"context"
	"encoding/json"
	"time"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
)

// LoginMethod is an identifier that users can log in with.
type LoginMethod string

// The login methods of Config.LoginMethods.
const (
	LoginByEmail    LoginMethod = "email"
	LoginByUsername LoginMethod = "username"
	LoginByPhone    LoginMethod = "phone"
)

// Enumeration says what responses may tell about which email addresses, usernames
// and phone numbers have an account.
type Enumeration int

const (
	// PreventEnumeration hides whether an account exists, except at a sign-up
	// with an address that is taken: an address belongs to one account.
	PreventEnumeration Enumeration = iota
	// PreventEnumerationStrictly hides it at sign-up as well: an address that is
	// taken but unverified is accepted. Up to three accounts may then share an
	// unverified address, so a login computes three password hashes instead of
	// one.
	PreventEnumerationStrictly
	// AllowEnumeration tells the client that an address is taken or unknown.
	AllowEnumeration
)

// CodeConfig configures the one-time codes of one purpose.
type CodeConfig struct {
	// Timeout is how long a code is valid, from the first request; sending it
	// again does not prolong it. Zero: the default of the purpose.
	Timeout time.Duration
	// MaxAttempts is the number of wrong codes that ends the flow. Zero: 3.
	MaxAttempts int
	// Resends is how often the user can request a new code.
	Resends int
	// Changes is how often the user can correct the address or number while a
	// sign-up waits for the code. A login that waits for the code allows at least
	// one correction, as a mistyped contact would lock the user out. A user who
	// signs up with a taken address and corrects it to their own receives no
	// code, and may conclude that the address is taken.
	Changes int
	// Format describes the codes.
	Format CodeFormat
}

// LoginByCodeConfig turns on login by a mailed or texted code.
type LoginByCodeConfig struct {
	CodeConfig
	// RequestDisabled refuses logins by code alone: codes are only a second step.
	RequestDisabled bool
	// Required asks for a code after every other method of authentication.
	Required bool
	// RequiredFor asks for a code after these methods only, such as "password" or
	// "socialaccount", and at sign-up.
	RequiredFor []string
	// TrustEnabled lets a trusted browser skip the required code.
	TrustEnabled bool
}

// PhoneConfig turns on phone numbers.
type PhoneConfig struct {
	CodeConfig
	// Texter sends the text messages.
	Texter notify.Texter
	// VerificationDisabled accepts numbers without verification. A user can then
	// log in by a code to an unverified number only while the account has no
	// verified email address.
	VerificationDisabled bool
	// Normalize returns the E.164 form of a number that a user typed, or false if
	// it is not a phone number. It is called while the input is checked, whenever
	// a client sends a number. Accounts whose number was stored in another form
	// can still log in. Nil: identifier.Phone.
	Normalize func(ctx context.Context, input string) (number string, ok bool)
	// Validate is a stricter rule for numbers in E.164 form. It is called while
	// the input is checked. The client receives an [*authn.Error] unchanged.
	Validate func(ctx context.Context, number string) error
}

// Config configures accounts. The zero value is login with email address and
// password, with mandatory verification by link.
type Config struct {
	// LoginMethods are the identifiers that users can log in with. Nil: the email
	// address.
	LoginMethods []LoginMethod
	// SignupFields are "email", "email2", "username", "phone" and "password1", in
	// the order in which problems are listed; an asterisk marks required ones.
	// Nil: what the login methods need, and a password.
	SignupFields []string
	// SignupForm checks the custom fields of a sign-up. It is called once, while
	// the input is checked, with all members of the input. It returns the values
	// to store in authn.NewUser.Extra, or [authn.Errors] for the client. Nil:
	// there are no custom fields.
	SignupForm func(ctx context.Context, input map[string]json.RawMessage) (map[string]json.RawMessage, error)
	// SignupClosed refuses sign-ups with status 403.
	SignupClosed bool
	// IsOpenForSignup reports whether sign-up is open. It is called while the
	// input of a request is checked, possibly more than once. Nil: open.
	IsOpenForSignup func(ctx context.Context) bool
	// BeforeSignup may change or refuse a user before it is created. It is called
	// once the input is valid; a sign-up through a provider calls it again if
	// another request takes the address or the username meanwhile. It is also
	// called if the address is taken and no user will be created, so that the
	// response does not tell. The client receives an [*authn.Error] or
	// [authn.Errors].
	BeforeSignup func(ctx context.Context, u *authn.NewUser) error

	// EmailVerification says whether email addresses must be verified. Zero:
	// mandatory.
	EmailVerification authn.Verification
	// EmailVerificationByCode verifies addresses by a code in place of a link.
	// Codes are valid for 10 minutes by default.
	EmailVerificationByCode *CodeConfig
	// EmailConfirmationTimeout is how long a verification link is valid. Zero: 24
	// hours.
	EmailConfirmationTimeout time.Duration
	// LoginOnEmailConfirmation continues the login when the link is opened in the
	// session that waits for the verification.
	LoginOnEmailConfirmation bool
	// ChangeEmail allows one address per account: a new one replaces it once it
	// is verified.
	ChangeEmail bool
	// MaxEmailAddresses is the largest number of addresses of an account. Zero:
	// 20.
	MaxEmailAddresses int

	// Enumeration says what responses may tell about which addresses have an
	// account. Zero: only that an address is taken, at sign-up.
	Enumeration Enumeration
	// DisableEmailUnknownAccounts sends no mail to an address without an account
	// for which a password reset or a login code was requested.
	DisableEmailUnknownAccounts bool

	// LoginByCode turns on login by code. Codes are valid for 3 minutes by
	// default. Nil: off.
	LoginByCode *LoginByCodeConfig
	// PasswordResetByCode resets passwords by a code in place of a link. Codes
	// are valid for 3 minutes by default. Nil: by link.
	PasswordResetByCode *CodeConfig
	// PasswordResetTimeout is how long a reset link is valid. Zero: 1 hour.
	PasswordResetTimeout time.Duration
	// Phone turns on phone numbers. Codes are valid for 10 minutes by default.
	// Nil: off.
	Phone *PhoneConfig

	// LoginOnPasswordReset logs the user in after a password reset.
	LoginOnPasswordReset bool
	// LogoutOnPasswordChange also ends the session in which the user changes the
	// password. All other sessions end in any case.
	LogoutOnPasswordChange bool

	// KnownDeviceCookieName is the name of the cookie that marks browsers in
	// which the user has logged in before. These browsers have their own limit
	// for failed logins, so an attacker cannot lock the user out. Empty:
	// known_device.
	KnownDeviceCookieName string
	// LoginAlerts mails the owner of an account, at a verified address, about logins
	// from devices on which they have not logged in before, with a link by which
	// they end all sessions and start a password reset; docs/alerts.md says what a
	// device is. False: off, as the link needs a page of the front end,
	// Headless.FrontendURLs.LoginAlert.
	LoginAlerts bool
	// AllowStaleSessions lets users change addresses without a recent
	// authentication.
	AllowStaleSessions bool

	// GenerateUsernames gives a username to each user who signs up without one:
	// the part of the email address before the @, or a name from the provider,
	// with a random suffix if another user has it. The API shows users by it, and
	// never by their address. Sites that come from django-allauth turn this on.
	// Accounts that the host creates keep what they are given.
	GenerateUsernames bool
	// UsernameMinLength is in characters. Zero: 1.
	UsernameMinLength int
	// UsernameBlacklist holds usernames that are refused, in any case.
	UsernameBlacklist []string
	// ValidateUsername is a stricter rule for usernames. It is called while the
	// input is checked. The client receives an [*authn.Error] unchanged.
	ValidateUsername func(ctx context.Context, username string) error
	// LowercaseUsernames stores usernames in lower case.
	LowercaseUsernames bool

	// Password is the policy for new passwords.
	Password password.Policy
	// PasswordHash configures how passwords are hashed.
	PasswordHash password.Config
	// KeepPasswordHashes leaves stored hashes as they are, for hosts whose earlier
	// login still reads them. Otherwise a login replaces a hash of another format or
	// with weaker parameters. New passwords are hashed as PasswordHash says all the
	// same.
	KeepPasswordHashes bool
}
