package login

import "context"

// Ways are the ways in which users can log in through one package.
type Ways interface {
	// Offers returns the flows that a session without a user may start, and those that
	// are pending in it, apart from the stages of a login.
	Offers(ctx context.Context, s *Session) ([]Offer, error)
	// ReauthenticationOffers returns the flows by which the logged-in user can
	// reauthenticate.
	ReauthenticationOffers(ctx context.Context, s *Session) ([]Offer, error)
	// CanLogIn reports whether the user has a way in other than the one named by
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
	// and the browser is not trusted, or if the user has to show that they can read a
	// contact of the account before they enroll a second factor.
	EnterLoginByCode(ctx context.Context, s *Session, l *Attempt, trusted func() bool, enrolls func() (bool, error)) (Verdict, error)
	// MustShowContact reports whether the user has to show that they can read a contact
	// of the account before they may enroll a second factor.
	MustShowContact(ctx context.Context, s *Session, l *Attempt) (bool, error)
	EnterVerifyPhone(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	EnterVerifyEmail(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	// StoreGiven stores the contacts that the user gave while the login waited. It is
	// called after every stage. If it returns authn.Errors, the login waits for the
	// address or number again.
	StoreGiven(ctx context.Context, s *Session, l *Attempt) error
	// RememberDevice marks the device as one on which the user has logged in, and tells
	// the user of a new one.
	RememberDevice(ctx context.Context, s *Session, l *Attempt) error
}

// Factors is what a login needs of second factors.
type Factors interface {
	Ways
	EnterAuthenticate(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	EnterTrust(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	EnterSignup(ctx context.Context, s *Session, l *Attempt) (Verdict, error)
	// TypesOf returns the types of the user's authenticators.
	TypesOf(ctx context.Context, userID string) ([]string, error)
	// EnrollableTypes returns the types of second factors that users can add.
	EnrollableTypes() []string
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

// Sessions looks up sessions.
type Sessions interface {
	// Lives reports whether the user has the session, with that fingerprint.
	Lives(ctx context.Context, userID, id, authHash string) (bool, error)
	// EndAll ends all the user's sessions but the one with the id except, which may be
	// empty.
	EndAll(ctx context.Context, userID, except string) error
}
