package authn

import (
	"context"
	"time"
)

// Challenge is a secret that was handed out and waits to be shown again: a
// mailed code, the key of a reset link, a WebAuthn challenge, an OAuth state. A
// session holds only its ID.
type Challenge struct {
	// ID is random and names the challenge.
	ID string
	// Purpose keeps the challenges of one flow from being used in another.
	Purpose string
	// UserID is empty for a challenge that only pretends, so that a stranger
	// can not tell known from unknown addresses.
	UserID string
	// Subject is the address or number the secret was sent to.
	Subject string
	// Hash is a MAC of the secret. The secret itself is never stored.
	Hash []byte
	// Data is private to the purpose.
	Data []byte
	// Attempts is how many times somebody tried, MaxAttempts how many tries
	// there are.
	Attempts, MaxAttempts int
	// Resends and Changes count how often the secret was sent again and how
	// often its subject was changed.
	Resends, Changes int
	// CreatedAt is when the secret was first issued; sending it again does not
	// move it. The challenge is void at ExpiresAt.
	CreatedAt, ExpiresAt time.Time
}

// ChallengeStore keeps challenges. Implementations must be safe for concurrent
// use, also by several processes: what each method promises, it promises in one
// atomic step. Times are kept to the microsecond. The store does not look at
// the clock: expired rows are returned until they are cleaned.
type ChallengeStore interface {
	// CreateChallenge stores c. ErrConflict if the ID exists.
	CreateChallenge(ctx context.Context, c Challenge) error
	// ChallengeByID returns the challenge without changing it, or ErrNotFound.
	ChallengeByID(ctx context.Context, id string) (*Challenge, error)
	// CountAttempt raises Attempts by one and returns the challenge with the
	// new count. ErrNotFound if there is none or if Attempts had already
	// reached MaxAttempts: of any number of parallel callers at most
	// MaxAttempts succeed.
	CountAttempt(ctx context.Context, id string) (*Challenge, error)
	// RefundAttempt lowers Attempts by one, not below zero: whoever knew the
	// secret has not used up a try. A missing challenge is not an error.
	RefundAttempt(ctx context.Context, id string) error
	// ReplaceChallenge overwrites UserID, Subject, Hash, Data, Resends,
	// Changes and ExpiresAt of the challenge with c.ID, provided that its
	// stored Hash still equals oldHash: ErrConflict otherwise, ErrNotFound if
	// there is none. Attempts stay.
	ReplaceChallenge(ctx context.Context, c Challenge, oldHash []byte) error
	// ConsumeChallenge deletes the challenge, provided that its stored Hash
	// equals hash. Exactly one of any number of parallel callers gets nil, the
	// others ErrNotFound.
	ConsumeChallenge(ctx context.Context, id string, hash []byte) error
	// DeleteChallenge deletes the challenge; none is not an error.
	DeleteChallenge(ctx context.Context, id string) error
	// DeleteUserChallenges deletes the user's challenges of that purpose, or of
	// every purpose if it is empty; none is not an error.
	DeleteUserChallenges(ctx context.Context, purpose, userID string) error
	// ChallengesInTx reports whether these methods take part in the transactions of
	// Transactor. Where they do not, a challenge that was consumed in a transaction
	// stays consumed when that is rolled back.
	ChallengesInTx() bool
}
