package storage

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
)

// WithUsers returns a Store that keeps users in the host's own table and
// everything else in base. If users joins base's transactions (see
// sqlstore.Conn), a sign-up writes the host's row and ours or neither.
func WithUsers(base Store, users authn.UserStore) Store { return withUsers{base, users} }

type withUsers struct {
	Store
	users authn.UserStore
}

func (s withUsers) base() Store { return s.Store }

func (s withUsers) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	return s.users.CreateUser(ctx, u)
}

func (s withUsers) UserByID(ctx context.Context, id string) (*authn.User, error) {
	return s.users.UserByID(ctx, id)
}

// WithPasswords returns a Store that keeps password hashes in the host's own
// table and everything else in base.
func WithPasswords(base Store, passwords account.PasswordStore) Store {
	return withPasswords{base, passwords}
}

type withPasswords struct {
	Store
	passwords account.PasswordStore
}

func (s withPasswords) base() Store { return s.Store }

func (s withPasswords) PasswordHash(ctx context.Context, userID string) (string, error) {
	return s.passwords.PasswordHash(ctx, userID)
}

func (s withPasswords) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	return s.passwords.SwapPasswordHash(ctx, userID, old, new)
}

// WithEmails returns a Store that keeps e-mail addresses in the host's own
// table and everything else in base.
func WithEmails(base Store, emails account.EmailStore) Store { return withEmails{base, emails} }

type withEmails struct {
	Store
	emails account.EmailStore
}

func (s withEmails) base() Store { return s.Store }

func (s withEmails) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return s.emails.AddEmail(ctx, a, exclusive)
}

func (s withEmails) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	return s.emails.EmailsByUser(ctx, userID)
}

func (s withEmails) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	return s.emails.EmailsByAddress(ctx, email)
}

func (s withEmails) VerifyEmail(ctx context.Context, userID, email string) (bool, error) {
	return s.emails.VerifyEmail(ctx, userID, email)
}

func (s withEmails) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.emails.SetPrimaryEmail(ctx, userID, email)
}

func (s withEmails) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.emails.DeleteEmail(ctx, userID, email)
}

// WithSessions returns a Store that keeps session rows in another store, for
// example in Redis, and everything else in base. The rows are then outside of
// base's transactions, and whatever keeps them lets them expire: Clean does not
// reach them. ForgetUser does.
func WithSessions(base Store, rows sessions.Store) Store { return withSessions{base, rows} }

type withSessions struct {
	Store
	rows sessions.Store
}

func (s withSessions) base() Store { return s.Store }

func (s withSessions) CreateSession(ctx context.Context, row sessions.Row) error {
	return s.rows.CreateSession(ctx, row)
}

func (s withSessions) SessionByToken(ctx context.Context, tokenHash string) (*sessions.Row, error) {
	return s.rows.SessionByToken(ctx, tokenHash)
}

func (s withSessions) SaveSession(ctx context.Context, row sessions.Row) error {
	return s.rows.SaveSession(ctx, row)
}

func (s withSessions) ReplaceSession(ctx context.Context, oldID string, row sessions.Row) error {
	return s.rows.ReplaceSession(ctx, oldID, row)
}

func (s withSessions) TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error {
	return s.rows.TouchSession(ctx, id, ip, userAgent, seen)
}

func (s withSessions) RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	return s.rows.RekeySessions(ctx, userID, oldAuthHash, newAuthHash)
}

func (s withSessions) SessionsByUser(ctx context.Context, userID string) ([]sessions.Row, error) {
	return s.rows.SessionsByUser(ctx, userID)
}

func (s withSessions) DeleteSession(ctx context.Context, id string) error {
	return s.rows.DeleteSession(ctx, id)
}

func (s withSessions) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	return s.rows.DeleteUserSessions(ctx, userID, exceptID)
}

func (s withSessions) ForgetUser(ctx context.Context, userID string) error {
	if userID != "" {
		if err := s.rows.DeleteUserSessions(ctx, userID, ""); err != nil {
			return err
		}
	}
	return s.Store.ForgetUser(ctx, userID)
}

// UserForgetter is implemented by parts that can delete all rows of a user.
type UserForgetter interface {
	// ForgetUser deletes every row of the user; none is not an error.
	ForgetUser(ctx context.Context, userID string) error
}

// WithChallenges returns a Store that keeps challenges in another store, for
// example in Redis, and everything else in base. They are then outside of
// base's transactions: a flow consumes its challenge first, so where the rest
// fails the secret is used up, and never works twice. Clean does not reach
// them; ForgetUser does if challenges is a [UserForgetter], else they are left
// to expire.
func WithChallenges(base Store, challenges authn.ChallengeStore) Store {
	return withChallenges{base, challenges}
}

type withChallenges struct {
	Store
	challenges authn.ChallengeStore
}

func (s withChallenges) base() Store { return s.Store }

func (s withChallenges) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	return s.challenges.CreateChallenge(ctx, c)
}

func (s withChallenges) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	return s.challenges.ChallengeByID(ctx, id)
}

func (s withChallenges) CountAttempt(ctx context.Context, id string) (*authn.Challenge, error) {
	return s.challenges.CountAttempt(ctx, id)
}

func (s withChallenges) RefundAttempt(ctx context.Context, id string) error {
	return s.challenges.RefundAttempt(ctx, id)
}

func (s withChallenges) ReplaceChallenge(ctx context.Context, c authn.Challenge, oldHash []byte) error {
	return s.challenges.ReplaceChallenge(ctx, c, oldHash)
}

func (s withChallenges) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	return s.challenges.ConsumeChallenge(ctx, id, hash)
}

func (s withChallenges) DeleteChallenge(ctx context.Context, id string) error {
	return s.challenges.DeleteChallenge(ctx, id)
}

func (s withChallenges) DeleteUserChallenges(ctx context.Context, purpose, userID string) error {
	return s.challenges.DeleteUserChallenges(ctx, purpose, userID)
}

func (s withChallenges) ForgetUser(ctx context.Context, userID string) error {
	if f, ok := s.challenges.(UserForgetter); ok {
		if err := f.ForgetUser(ctx, userID); err != nil {
			return err
		}
	}
	return s.Store.ForgetUser(ctx, userID)
}

// RateLimits returns what counts attempts among the parts that a store is
// composed of, nil if there is nothing.
func RateLimits(s Store) ratelimit.Store {
	for {
		if counters, ok := s.(ratelimit.Store); ok {
			return counters
		}
		composed, ok := s.(interface{ base() Store })
		if !ok {
			return nil
		}
		s = composed.base()
	}
}
