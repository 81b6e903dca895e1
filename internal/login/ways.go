package login

import (
	"cmp"
	"context"

	"github.com/allauth-go/allauth/authn"
)

// Verdict is what a stage says of a login.
type Verdict int

const (
	// Pass lets the login go on to the next stage.
	Pass Verdict = iota
	// Wait keeps the login pending until the stage's endpoint passes it.
	Wait
	// Abort ends the login: nothing stays pending.
	Abort
)

// stage is one step that a login may have to wait at.
type stage struct {
	id string
	// enter decides whether the login may go on. It is called once, when the login
	// reaches the stage.
	enter func(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
}

// Offer is one entry of data.flows.
type Offer struct {
	ID string `json:"id"`
	// IsPending is written when it is true, and always where it is a pointer
	// to false.
	IsPending *bool `json:"is_pending,omitempty"`
	// Types are the authenticator types of a second factor.
	Types []string `json:"types,omitempty"`
	// Providers are the ids of the providers to choose from.
	Providers []string `json:"providers,omitempty"`
	// Provider is the one whose sign-up is pending.
	Provider any `json:"provider,omitempty"`
}

// Pending returns v as the value of Offer.IsPending.
func Pending(v bool) *bool { return &v }

// Ways are the ways in that one package keeps for users.
type Ways interface {
	// Offers returns the flows that a session without a user may start, or has
	// pending, beside the stages of a pending login.
	Offers(ctx context.Context, s *Session) ([]Offer, error)
	// ReauthenticationOffers returns the flows by which the logged-in user can
	// reauthenticate.
	ReauthenticationOffers(ctx context.Context, s *Session) ([]Offer, error)
	// CanLogIn reports whether the user has a way in, not counting the one named by
	// except.
	CanLogIn(ctx context.Context, userID, except string) (bool, error)
	// Evict removes every way in of the user. It is called when the owner of an
	// email address or phone number recovers an account in which nothing was
	// verified before: another person may have created it.
	Evict(ctx context.Context, userID string) error
}

// Accounts is what a login needs of the accounts.
type Accounts interface {
	Ways
	Identifier
	// EnterLoginByCode asks for a login code, if one was requested, or is required
	// and the browser is not trusted.
	EnterLoginByCode(ctx context.Context, s *Session, l *Attempt, trusted func() bool) (Verdict, error)
	EnterVerifyPhone(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	EnterVerifyEmail(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	// StoreGiven stores what the user gave while the login waited, when every stage
	// has passed. If it returns authn.Errors, the login waits for the address or
	// number again.
	StoreGiven(ctx context.Context, s *Session, l *Attempt) error
	// RememberDevice marks the browser as one in which the user has logged in.
	RememberDevice(s *Session) error
}

// Factors is what a login needs of second factors.
type Factors interface {
	Ways
	EnterAuthenticate(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	EnterTrust(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	EnterSignup(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	// TypesOf returns the types of the user's authenticators.
	TypesOf(ctx context.Context, userID string) ([]string, error)
	// TrustsForCode reports whether the browser of the session may skip a required
	// code of the user.
	TrustsForCode(ctx context.Context, s *Session, userID string) bool
	// Distrust ends the trust of the user in all browsers.
	Distrust(ctx context.Context, userID string) error
	// BlocksEmail reports whether the user may not add an unverified address,
	// because of their authenticators.
	BlocksEmail(ctx context.Context, userID string) (bool, error)
	// HasAuthenticators reports whether the user has a second factor.
	HasAuthenticators(ctx context.Context, userID string) (bool, error)
}

// Sessions tells whether sessions live.
type Sessions interface {
	// Lives reports whether the user has that session, and it carries that
	// fingerprint.
	Lives(ctx context.Context, userID, id, authHash string) (bool, error)
}

// Identity is a user with what the wire shows of them.
type Identity struct {
	User *authn.User
	// Email is the primary address, empty if there is none.
	Email string
	// HasUsablePassword is false for accounts that log in by other means.
	HasUsablePassword bool
	// AuthHash is the fingerprint that ends sessions opened with an older
	// password.
	AuthHash string
	// Sessions is the number of stored sessions, negative if it is not known.
	Sessions int
}

// NameOf returns what a user is called, empty if they gave no name.
func NameOf(u *authn.User) string { return cmp.Or(u.Display, u.Username) }

// Identifier loads identities. ErrNotFound if there is no such user.
type Identifier interface {
	// Identify looks the user up. authn.ErrNotFound if there is none, and for the
	// empty id of a decoy, for which it does the same work.
	Identify(ctx context.Context, userID string) (*Identity, error)
	// IdentityOf returns the identity of a user whose profile was read already.
	IdentityOf(p *authn.Profile) *Identity
}
