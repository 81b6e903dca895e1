// Package memstore keeps everything in the memory of one process: for tests,
// demos and benchmarks. What it holds is gone with the process.
//
//	auth, err := allauth.New(cfg, memstore.New())
package memstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"sync"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/storage"
)

// Store is a storage.Store in memory. It is safe for concurrent use:
// transactions run one after the other. The counters of rate limits take no part
// in them.
type Store struct {
	*limits

	mu sync.RWMutex

	users           map[string]authn.User
	usernames       map[string]string // canonical name to user
	passwords       map[string]string
	emails          map[string][]emailRow // by user
	addresses       map[string][]string   // address to users, in the order of adding
	phones          map[string]phoneRow   // by user
	challenges      map[string]authn.Challenge
	sessions        map[string]sessions.Row // by id
	tokens          map[string]string       // token hash to id
	owners          map[string][]string     // user to session ids, oldest first
	outbox          map[string]notify.Entry
	social          map[socialKey]socialaccount.Account
	socialOf        map[string][]socialKey             // user to accounts, in the order of adding
	challengeOwners map[challengeOwner]map[string]bool // to challenge ids
	refreshTokens   map[string]token.RefreshToken

	authenticators    map[int64]mfa.Authenticator
	authenticatorsOf  map[string][]int64 // by user
	claims            map[string]int64   // to authenticator
	lastAuthenticator int64
}

// limits is embedded under a name that is not exported.
type limits = ratelimit.MemoryStore

type emailRow struct {
	account.EmailAddress
	claim bool // the address was added exclusively, or is verified
}

type phoneRow struct {
	account.Phone
	claim bool
}

var _ storage.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		limits: ratelimit.NewMemoryStore(),
		users:  map[string]authn.User{}, usernames: map[string]string{}, passwords: map[string]string{},
		emails: map[string][]emailRow{}, addresses: map[string][]string{}, phones: map[string]phoneRow{},
		challenges: map[string]authn.Challenge{}, sessions: map[string]sessions.Row{}, tokens: map[string]string{},
		owners: map[string][]string{}, outbox: map[string]notify.Entry{},
		social: map[socialKey]socialaccount.Account{}, socialOf: map[string][]socialKey{},
		challengeOwners: map[challengeOwner]map[string]bool{}, refreshTokens: map[string]token.RefreshToken{},
		authenticators: map[int64]mfa.Authenticator{}, authenticatorsOf: map[string][]int64{}, claims: map[string]int64{},
	}
}

// transaction is what ctx carries inside InTx: how to undo what was done.
type transaction struct {
	store *Store
	undo  []func()
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
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &transaction{store: s}
	done := false
	defer func() {
		if !done {
			tx.rollback(0)
		}
	}()
	if err := f(context.WithValue(ctx, transactionKey{}, tx)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done = true
	return nil
}

// LockUser implements authn.Transactor. Transactions run one after the other
// anyway.
func (s *Store) LockUser(ctx context.Context, _ string) error {
	if s.transaction(ctx) == nil {
		return errors.New("memstore: LockUser was called outside of InTx")
	}
	return ctx.Err()
}

// InSavepoint implements authn.Transactor.
func (s *Store) InSavepoint(ctx context.Context, f func(ctx context.Context) error) error {
	tx := s.transaction(ctx)
	if tx == nil {
		return s.InTx(ctx, f)
	}
	before := len(tx.undo)
	err := f(ctx)
	if err != nil {
		tx.rollback(before)
	}
	return err
}

// Base implements storage.Store.
func (s *Store) Base() storage.Store { return s }

// rollback undoes what was done after the first n changes.
func (tx *transaction) rollback(n int) {
	for _, undo := range slices.Backward(tx.undo[n:]) {
		undo()
	}
	tx.undo = tx.undo[:n]
}

// read runs f under the lock, or within the transaction that ctx carries.
func (s *Store) read(ctx context.Context, f func() error) error {
	if s.transaction(ctx) != nil {
		return f()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return f()
}

// write is read for what changes something. What f changes it changes through
// set and remove, so that it can be undone.
func (s *Store) write(ctx context.Context, f func(tx *transaction) error) error {
	if tx := s.transaction(ctx); tx != nil {
		return f(tx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&transaction{store: s})
}

// set stores a value so that the transaction can take it back.
func set[K comparable, V any](tx *transaction, m map[K]V, key K, value V) {
	old, had := m[key]
	tx.undo = append(tx.undo, func() {
		if had {
			m[key] = old
		} else {
			delete(m, key)
		}
	})
	m[key] = value
}

// remove deletes a value so that the transaction can take it back.
func remove[K comparable, V any](tx *transaction, m map[K]V, key K) {
	if old, had := m[key]; had {
		tx.undo = append(tx.undo, func() { m[key] = old })
		delete(m, key)
	}
}

// without returns the list without one of its members, in a new array: the old
// one may be needed to undo.
func without(list []string, member string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == member })
}

// with returns the list with one more member, in a new array.
func with(list []string, member string) []string { return append(slices.Clone(list), member) }

// CreateUser implements authn.UserStore.
func (s *Store) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	id, err := rand.Int(rand.Reader, big.NewInt(1<<53-1))
	if err != nil {
		return nil, fmt.Errorf("memstore: create user: %w", err)
	}
	user := authn.User{ID: id.String(), Username: u.Username, Display: u.Display, Extra: maps.Clone(u.Extra)}
	err = s.write(ctx, func(tx *transaction) error {
		if _, taken := s.users[user.ID]; taken {
			return authn.ErrConflict
		}
		set(tx, s.users, user.ID, user)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &user, nil
}

// UserByID implements authn.UserStore.
func (s *Store) UserByID(ctx context.Context, id string) (*authn.User, error) {
	var user authn.User
	err := s.read(ctx, func() error {
		var ok bool
		if user, ok = s.users[id]; !ok {
			return authn.ErrNotFound
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	user.Extra = maps.Clone(user.Extra)
	return &user, nil
}

// SetDisabled turns a user off, or on again.
func (s *Store) SetDisabled(ctx context.Context, id string, disabled bool) error {
	return s.write(ctx, func(tx *transaction) error {
		user, ok := s.users[id]
		if !ok {
			return authn.ErrNotFound
		}
		user.Disabled = disabled
		set(tx, s.users, id, user)
		return nil
	})
}

// Clean implements storage.Keeper.
func (s *Store) Clean(ctx context.Context, now time.Time, limit int) (int, error) {
	n := 0
	err := s.write(ctx, func(tx *transaction) error {
		for id, row := range s.sessions {
			if n < limit && row.ExpiresAt.Before(now) {
				s.dropSession(tx, id)
				n++
			}
		}
		for id, c := range s.challenges {
			if n < limit && c.ExpiresAt.Before(now) {
				s.dropChallenge(tx, id)
				n++
			}
		}
		for id, e := range s.outbox {
			if n < limit && e.Channel == notify.ChannelDecoy && e.NotBefore.Before(now) {
				remove(tx, s.outbox, id)
				n++
			}
		}
		for id, t := range s.refreshTokens {
			if n < limit && t.ExpiresAt.Before(now) {
				remove(tx, s.refreshTokens, id)
				n++
			}
		}
		return nil
	})
	return n, err
}

// ForgetUser implements storage.Keeper.
func (s *Store) ForgetUser(ctx context.Context, userID string) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, e := range s.emails[userID] {
			set(tx, s.addresses, e.Email, without(s.addresses[e.Email], userID))
		}
		remove(tx, s.emails, userID)
		remove(tx, s.phones, userID)
		remove(tx, s.passwords, userID)
		remove(tx, s.users, userID)
		for name, owner := range s.usernames {
			if owner == userID {
				remove(tx, s.usernames, name)
			}
		}
		s.dropUserChallenges(tx, userID)
		for id, t := range s.refreshTokens {
			if t.UserID == userID {
				remove(tx, s.refreshTokens, id)
			}
		}
		for _, id := range s.owners[userID] {
			s.dropSession(tx, id)
		}
		for _, key := range s.socialOf[userID] {
			remove(tx, s.social, key)
		}
		remove(tx, s.socialOf, userID)
		for _, id := range s.authenticatorsOf[userID] {
			s.dropAuthenticator(tx, s.authenticators[id])
		}
		return nil
	})
}
