package account

import (
	"context"
	"encoding/json"
	"time"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
)

// LoginMethod is what people log in with, beside their password.
type LoginMethod string

// The methods of Config.LoginMethods.
const (
	LoginByEmail    LoginMethod = "email"
	LoginByUsername LoginMethod = "username"
	LoginByPhone    LoginMethod = "phone"
)

// Enumeration says what strangers may learn about who has an account.
type Enumeration int

const (
	// PreventEnumeration hides it wherever that does not break the rule that an
	// address belongs to one account.
	PreventEnumeration Enumeration = iota
	// PreventEnumerationStrictly hides it everywhere: sign-up accepts an
	// address that is taken as long as it is not verified. A login then computes
	// three password hashes instead of one, for up to three accounts that share
	// an unverified address.
	PreventEnumerationStrictly
	// AllowEnumeration tells people that an address is taken or unknown.
	AllowEnumeration
)

// CodeConfig is how one-time codes of one purpose behave.
type CodeConfig struct {
	// Timeout is how long a code is good for, from the first request; sending
	// it again does not prolong it. Zero: the default of the purpose.
	Timeout time.Duration
	// MaxAttempts is how many wrong codes end the flow. Zero: 3.
	MaxAttempts int
	// Resends is how often a new code can be asked for.
	Resends int
	// Changes is how often the address or number can be corrected while the code
	// of a sign-up is awaited. A login that waits for the code allows at least
	// one correction, as a mistyped contact would lock the user out. A user who
	// signs up with a taken address and corrects it to their own gets no code,
	// and may conclude that it is taken.
	Changes int
	// Format is what the codes look like.
	Format CodeFormat
}

// LoginByCodeConfig turns on login by a mailed or texted code.
type LoginByCodeConfig struct {
	CodeConfig
	// RequestDisabled keeps people from asking for a code in place of their
	// password, where codes are only a second step.
	RequestDisabled bool
	// Required asks for a code after every other proof.
	Required bool
	// RequiredFor asks for a code after these proofs only, such as "password"
	// or "socialaccount", and at sign-up.
	RequiredFor []string
	// TrustEnabled lets a trusted browser skip the required code.
	TrustEnabled bool
}

// PhoneConfig turns on telephone numbers.
type PhoneConfig struct {
	CodeConfig
	// Texter sends the text messages.
	Texter notify.Texter
	// VerificationDisabled accepts numbers unproved. A number that its user never
	// verified logs in by code only while the account has no verified email
	// address.
	VerificationDisabled bool
	// Normalize returns the E.164 form of a number that a user typed, or false
	// for what is no number. It is called while the input is checked, whenever a
	// number is sent. An account
	// whose number was stored in another form still logs in. Nil:
	// CanonicalPhone.
	Normalize func(ctx context.Context, input string) (number string, ok bool)
	// Validate is a stricter rule for numbers that are already in E.164 form. It is
	// called while the input is checked. An *authn.Error is shown to the client as
	// it is.
	Validate func(ctx context.Context, number string) error
}

// Config configures accounts. The zero value is login by e-mail address and
// password, with mandatory verification by link.
type Config struct {
	// LoginMethods are the ways to name one's account. Nil: e-mail.
	LoginMethods []LoginMethod
	// SignupFields are "email", "email2", "username", "phone" and "password1",
	// in the order in which problems are listed; an asterisk marks those that
	// are required. Nil: what the login methods need, and a password.
	SignupFields []string
	// SignupForm checks the custom fields of a sign-up. It is called once, while
	// the input is checked, with every member of the input, and returns what is to be
	// kept in authn.NewUser.Extra, or authn.Errors to show. Nil: there are no custom
	// fields.
	SignupForm func(ctx context.Context, input map[string]json.RawMessage) (map[string]json.RawMessage, error)
	// SignupClosed refuses sign-ups with status 403.
	SignupClosed bool
	// IsOpenForSignup decides it per request, while the input is checked. It may be
	// called more than once. Nil: open.
	IsOpenForSignup func(ctx context.Context) bool
	// BeforeSignup may change or veto a user before it is created. It is called when
	// the input is in order, and by a sign-up through a provider again if another
	// request takes the address or the username meanwhile. An
	// *authn.Error or authn.Errors is shown to the client. It is called even
	// where the address is taken and no user follows, because that must not be
	// told.
	BeforeSignup func(ctx context.Context, u *authn.NewUser) error

	// EmailVerification says whether addresses must be proved.
	EmailVerification authn.Verification
	// EmailVerificationByCode proves addresses by a code instead of a link.
	// Its codes are good for 10 minutes.
	EmailVerificationByCode *CodeConfig
	// EmailConfirmationTimeout is how long a verification link is good for.
	// Zero: 24 hours.
	EmailConfirmationTimeout time.Duration
	// LoginOnEmailConfirmation goes on with the login when the link is opened
	// in the session that waits for it.
	LoginOnEmailConfirmation bool
	// ChangeEmail allows one address per account: a new one replaces it once
	// it is verified.
	ChangeEmail bool
	// MaxEmailAddresses bounds the addresses of an account. Zero: 20.
	MaxEmailAddresses int

	// Enumeration says what strangers may learn about who has an account.
	Enumeration Enumeration
	// DisableEmailUnknownAccounts sends nothing to addresses without an
	// account that ask for a reset or a code.
	DisableEmailUnknownAccounts bool
	// DisableEmailNotifications sends no mail about changed passwords,
	// addresses and factors.
	DisableEmailNotifications bool

	// LoginByCode turns on login by code, good for 3 minutes. Nil: off.
	LoginByCode *LoginByCodeConfig
	// PasswordResetByCode resets passwords by a code instead of a link, good
	// for 3 minutes. Nil: by link.
	PasswordResetByCode *CodeConfig
	// PasswordResetTimeout is how long a reset link is good for. Zero: 1 hour.
	PasswordResetTimeout time.Duration
	// Phone turns on telephone numbers, whose codes are good for 10 minutes.
	// Nil: off.
	Phone *PhoneConfig

	// LoginOnPasswordReset logs in whoever reset the password.
	LoginOnPasswordReset bool
	// LogoutOnPasswordChange ends the session in which a password is changed.
	// All others end in any case.
	LogoutOnPasswordChange bool

	// KnownDeviceCookieName is the name of the cookie by which a browser is
	// known to those who have logged in with it: strangers who use up the
	// attempts of an account do not lock them out. Empty: known_device.
	KnownDeviceCookieName string
	// LoginTimeout is how long a login may wait at its stages. Zero: 15
	// minutes.
	LoginTimeout time.Duration
	// ReauthenticationTimeout is how long a proof of identity counts as
	// recent. Zero: 5 minutes.
	ReauthenticationTimeout time.Duration
	// AllowStaleSessions lets people change addresses without a recent proof
	// of identity.
	AllowStaleSessions bool
	// BeforeLogin is called before the transaction of a login that has passed every
	// stage, when the user is stored. Return an *authn.Error or
	// authn.Errors to refuse the login with it. What happened before is kept: a new
	// account, a verified address, a changed password. Any other error is answered
	// with status 503, and keeps nothing. It is called again where a concurrent
	// request changes the user meanwhile.
	BeforeLogin func(ctx context.Context, u *authn.User, methods []authn.Method) error

	// UsernameMinLength is in characters. Zero: 1.
	UsernameMinLength int
	// UsernameBlacklist holds names nobody may take, whatever their case.
	UsernameBlacklist []string
	// ValidateUsername is a stricter rule for usernames. It is called while the input
	// is checked. An *authn.Error is shown to the client as it is.
	ValidateUsername func(ctx context.Context, username string) error
	// LowercaseUsernames stores usernames in lower case.
	LowercaseUsernames bool

	// Password says which passwords are good enough.
	Password password.Policy
	// PasswordHash says how passwords are hashed.
	PasswordHash password.Config
}
