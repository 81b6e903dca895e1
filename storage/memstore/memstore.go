// Package memstore keeps everything in the memory of one process, for tests,
// demos and benchmarks. The data is lost when the process ends.
//
//	auth, err := allauth.New(cfg, memstore.New())
package memstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/users"
)

// Store is a storage.Store in memory. It is safe for concurrent use.
//
// Transactions run one after the other, each on a snapshot that becomes the
// current one at the commit. Calls outside of a transaction read the current
// snapshot without waiting; those that change something wait for the open
// transaction, until their context ends. The counters of rate limits take no part
// in transactions.
type Store struct {
	*limits

	current atomic.Pointer[snapshot]
	// writing holds a value while a transaction is open.
	writing chan struct{}
	// last is the number that was last given to a row. Numbers of rows that were
	// rolled back are not reused.
	last atomic.Int64
}

// limits embeds the type under an unexported name.
type limits = ratelimit.MemoryStore

// snapshot is the content of a store.
type snapshot struct {
	users          table[authn.User]
	usernames      table[username]
	passwords      table[password]
	emails         table[email]
	phones         table[phone]
	challenges     table[authn.Challenge]
	sessions       table[sessions.Row]
	refreshTokens  table[token.RefreshToken]
	messages       table[notify.Entry]
	socialAccounts table[social]
	authenticators table[mfa.Authenticator]
	deletions      table[users.Deletion]
	events         table[audit.Row]
}

var _ storage.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	s := &Store{limits: ratelimit.NewMemoryStore(), writing: make(chan struct{}, 1)}
	s.current.Store(&snapshot{
		users: newUsers(), usernames: newUsernames(), passwords: newPasswords(), emails: newEmails(), phones: newPhones(),
		challenges: newChallenges(), sessions: newSessions(), refreshTokens: newRefreshTokens(), messages: newMessages(),
		socialAccounts: newSocialAccounts(), authenticators: newAuthenticators(), deletions: newDeletions(), events: newEvents(),
	})
	return s
}

// transaction is the value that ctx carries inside InTx.
type transaction struct {
	store *Store
	snapshot
}

type transactionKey struct{}

func (s *Store) transaction(ctx context.Context) *transaction {
	tx, _ := ctx.Value(transactionKey{}).(*transaction)
	if tx == nil || tx.store != s {
		return nil
	}
	return tx
}

// InTx implements authn.Transactor.
func (s *Store) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	if s.transaction(ctx) != nil {
		return f(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	tx := &transaction{s, *s.current.Load()}
	if err := f(context.WithValue(ctx, transactionKey{}, tx)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	next := tx.snapshot // a call with f's context after f has returned must not change it
	s.current.Store(&next)
	return nil
}

// InSavepoint implements authn.Transactor.
func (s *Store) InSavepoint(ctx context.Context, f func(ctx context.Context) error) error {
	tx := s.transaction(ctx)
	if tx == nil {
		return s.InTx(ctx, f)
	}
	before := tx.snapshot
	err := f(ctx)
	if err != nil {
		tx.snapshot = before
	}
	return err
}

// LockUser implements authn.Transactor. Transactions run one after the other in
// any case.
func (s *Store) LockUser(ctx context.Context, _ string) error {
	if s.transaction(ctx) == nil {
		return errors.New("memstore: LockUser was called outside of InTx")
	}
	return ctx.Err()
}

// Base implements storage.Store.
func (s *Store) Base() storage.Store { return s }

// read calls f with the snapshot of the transaction that ctx carries, or with the
// current one.
func read[T any](ctx context.Context, s *Store, f func(now *snapshot) (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	if tx := s.transaction(ctx); tx != nil {
		return f(&tx.snapshot)
	}
	return f(s.current.Load())
}

// write calls f in the transaction that ctx carries, or in a new one. If f
// returns an error, what it did is rolled back.
func (s *Store) write(ctx context.Context, f func(tx *snapshot) error) error {
	return s.InSavepoint(ctx, func(ctx context.Context) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f(&s.transaction(ctx).snapshot)
	})
}

// byTime is the text of all keys of an index by time.
const byTime = "time"

func timeKey(at time.Time, id string) key { return key{byTime, at.UnixMicro(), id} }

// Status implements storage.Keeper.
func (s *Store) Status(ctx context.Context) (storage.Status, error) {
	return storage.Status{Volatile: true}, ctx.Err()
}

// Clean implements storage.Keeper.
func (s *Store) Clean(ctx context.Context, now time.Time, limit int) (int, error) {
	n, before := 0, now.UnixMicro()-1
	err := s.write(ctx, func(tx *snapshot) error {
		n += tx.sessions.removeUntil(sessionsByExpiry, byTime, before, limit-n)
		n += tx.challenges.removeUntil(challengesByExpiry, byTime, before, limit-n)
		n += tx.refreshTokens.removeUntil(refreshTokensByExpiry, byTime, before, limit-n)
		n += tx.events.removeUntil(eventsByExpiry, byTime, before, limit-n)
		n += tx.messages.removeUntil(messagesByChannel, notify.ChannelDecoy, before, limit-n)
		return nil
	})
	return n, err
}

// ForgetUser implements storage.Keeper.
func (s *Store) ForgetUser(ctx context.Context, userID string) error {
	return s.write(ctx, func(tx *snapshot) error {
		tx.users.removeAll(usersByID, userID)
		tx.usernames.removeAll(usernamesByUser, userID)
		tx.passwords.removeAll(passwordsByUser, userID)
		tx.emails.removeAll(emailsByUser, userID)
		tx.phones.removeAll(phonesByUser, userID)
		tx.challenges.removeAll(challengesByUser, userID)
		tx.sessions.removeAll(sessionsByUser, userID)
		tx.refreshTokens.removeAll(refreshTokensByUser, userID)
		tx.socialAccounts.removeAll(socialAccountsByUser, userID)
		tx.authenticators.removeAll(authenticatorsByUser, userID)
		tx.deletions.removeAll(deletionsByUser, userID)
		tx.forgetEvents(userID)
		return nil
	})
}
