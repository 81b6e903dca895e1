package memstore

import (
	"bytes"
	"context"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
)

const (
	authenticatorsByID = iota
	authenticatorsByClaim
	authenticatorsByUser
)

func newAuthenticators() table[mfa.Authenticator] {
	return newTable(func(a mfa.Authenticator) mfa.Authenticator {
		a.Data = bytes.Clone(a.Data)
		return a
	}, 2,
		func(a *mfa.Authenticator) key { return key{number: a.ID} },
		func(a *mfa.Authenticator) key { return key{text: a.Claim} },
		func(a *mfa.Authenticator) key { return key{text: a.UserID, number: a.ID} })
}

// CreateAuthenticator implements mfa.Store.
func (s *Store) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (int64, error) {
	err := s.write(ctx, func(tx *snapshot) error {
		a.ID = s.last.Add(1)
		return tx.authenticators.add(a)
	})
	return a.ID, err
}

// AuthenticatorsByUser implements mfa.Store.
func (s *Store) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	return read(ctx, s, func(now *snapshot) ([]mfa.Authenticator, error) {
		return list(&now.authenticators, authenticatorsByUser, userID, asIs)
	})
}

// AuthenticatorByClaim implements mfa.Store.
func (s *Store) AuthenticatorByClaim(ctx context.Context, claim string) (*mfa.Authenticator, error) {
	return read(ctx, s, func(now *snapshot) (*mfa.Authenticator, error) {
		return now.authenticators.load(authenticatorsByClaim, key{text: claim})
	})
}

// UpdateAuthenticator implements mfa.Store.
func (s *Store) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	return s.write(ctx, func(tx *snapshot) error {
		return tx.authenticators.change(key{number: a.ID}, func(stored *mfa.Authenticator) error {
			if stored.UserID != a.UserID {
				return authn.ErrNotFound
			}
			if stored.Version != a.Version {
				return authn.ErrConflict
			}
			stored.Name, stored.Data, stored.Counter, stored.LastUsedAt = a.Name, a.Data, a.Counter, a.LastUsedAt
			stored.Version++
			return nil
		})
	})
}

// DeleteAuthenticator implements mfa.Store.
func (s *Store) DeleteAuthenticator(ctx context.Context, userID string, id int64) error {
	return s.write(ctx, func(tx *snapshot) error {
		stored := tx.authenticators.get(authenticatorsByID, key{number: id})
		if stored == nil || stored.UserID != userID {
			return authn.ErrNotFound
		}
		tx.authenticators.remove(stored)
		return nil
	})
}
