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

// Stage is one step that a login may have to wait at.
type Stage struct {
	// ID is one of StageOrder.
	ID string
	// Enter decides whether the login may go on. It is called once, when the
	// login reaches the stage.
	Enter func(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	// Describe adds to the offer of a pending login, for example the types of
	// the user's authenticators. It may be nil.
	Describe func(ctx context.Context, l *Attempt) (Offer, error)
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

// Room is what a room shows the kernel.
type Room interface {
	// Stages returns the stages that this room takes part with.
	Stages() []Stage
	// Offers returns the flows a session that is not logged in may start or
	// has pending in this room. Stages of a pending login are added by the
	// kernel.
	Offers(ctx context.Context, s *Session) ([]Offer, error)
	// ReauthenticationOffers returns the ways in which a logged-in user can
	// prove again who they are.
	ReauthenticationOffers(ctx context.Context, s *Session) ([]Offer, error)
	// CanLogIn reports whether the user has a way in through this room, not
	// counting the one named by except.
	CanLogIn(ctx context.Context, userID, except string) (bool, error)
	// Evict removes every way in that this room keeps for the user. It is
	// called when somebody proves, by recovery, an address that nobody had
	// proved before: whoever made the account may not have been its owner.
	Evict(ctx context.Context, userID string) error
	// PublicConfig returns what GET config tells of this room, and its key.
	PublicConfig(ctx context.Context) (key string, value any)
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

// NameOf is what a user is called, empty if nobody has said so.
func NameOf(u *authn.User) string { return cmp.Or(u.Display, u.Username) }

// Identifier loads identities. ErrNotFound if there is no such user.
type Identifier interface {
	// Identify looks the user up. authn.ErrNotFound if there is none, and for the
	// empty id of a decoy, for which it does the same work.
	Identify(ctx context.Context, userID string) (*Identity, error)
	// IdentityOf returns the identity of a user whose profile was read already.
	IdentityOf(p *authn.Profile) *Identity
}
