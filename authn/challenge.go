package authn

import (
	"context"
	"time"
)

// Challenge is a stored one-time secret that the client has to present later: a
// mailed or texted code, the key of a reset link, a WebAuthn challenge, an OAuth
// state. A session holds only the ID of its challenges.
type Challenge struct {
	// ID identifies the challenge. It is random.
	ID string
	// Purpose names the flow. A challenge is accepted only by the flow that
	// created it.
	Purpose string
	// UserID is the user who must present the secret. It is empty for a decoy,
	// which is stored for an unknown address so that the response does not tell
	// which addresses have an account.
	UserID string
	// Subject is the email address or phone number that the secret was sent to.
	Subject string
	// Hash is a MAC of the secret. The secret itself is not stored.
	Hash []byte
	// Data is private to the flow.
	Data []byte
	// Attempts is the number of attempts made, MaxAttempts the number allowed.
	Attempts, MaxAttempts int
	// Resends counts how often the secret was sent again, Changes how often
	// Subject was changed.
	Resends, Changes int
	// CreatedAt is when the challenge was created; sending the secret again does
	// not change it. The challenge is invalid from ExpiresAt on.
	CreatedAt, ExpiresAt time.Time
}

// ChallengeStore stores challenges. Implementations must be safe for concurrent
// use, also by several processes: each method is one atomic step. Times are kept
// to the microsecond. The store does not compare times with the clock: it returns
// expired challenges until they are cleaned.
type ChallengeStore interface {
	// CreateChallenge stores c. It returns [ErrConflict] if the ID exists.
	CreateChallenge(ctx context.Context, c Challenge) error
	// ChallengeByID returns the challenge, or [ErrNotFound].
	ChallengeByID(ctx context.Context, id string) (*Challenge, error)
	// CountAttempt adds one to Attempts and returns the challenge with the new
	// count. It returns [ErrNotFound] if there is no such challenge, or if
	// Attempts has reached MaxAttempts: of any number of concurrent calls at most
	// MaxAttempts succeed.
	CountAttempt(ctx context.Context, id string) (*Challenge, error)
	// RefundAttempt subtracts one from Attempts, down to zero. It is called after
	// an attempt with the right secret. A missing challenge is not an error.
	RefundAttempt(ctx context.Context, id string) error
	// ReplaceChallenge overwrites UserID, Subject, Hash, Data, Resends, Changes
	// and ExpiresAt of the challenge with c.ID. Attempts is kept. It returns
	// [ErrNotFound] if there is no such challenge, and [ErrConflict] if its
	// stored Hash is not oldHash.
	ReplaceChallenge(ctx context.Context, c Challenge, oldHash []byte) error
	// ConsumeChallenge deletes the challenge if its stored Hash equals hash. Of
	// any number of concurrent calls exactly one returns nil; the others return
	// [ErrNotFound].
	ConsumeChallenge(ctx context.Context, id string, hash []byte) error
	// DeleteChallenge deletes the challenge. A missing one is not an error.
	DeleteChallenge(ctx context.Context, id string) error
	// DeleteUserChallenges deletes the user's challenges of the purpose, or of
	// every purpose if it is empty. It is not an error if there are none.
	DeleteUserChallenges(ctx context.Context, purpose, userID string) error
	// ChallengesInTx reports whether these methods take part in the transactions
	// of [Transactor]. If not, a challenge that was consumed in a transaction
	// stays consumed when the transaction is rolled back.
	ChallengesInTx() bool
}
