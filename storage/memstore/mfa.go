package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
)

func cloneAuthenticator(a mfa.Authenticator) mfa.Authenticator {
	a.Data = bytes.Clone(a.Data)
	return a
}

// CreateAuthenticator implements mfa.Store.
func (s *Store) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (int64, error) {
	err := s.write(ctx, func(tx *transaction) error {
		if _, taken := s.claims[a.Claim]; taken {
			return authn.ErrConflict
		}
		s.lastAuthenticator++ // numbers of what was undone stay unused
		a.ID = s.lastAuthenticator
		set(tx, s.authenticators, a.ID, cloneAuthenticator(a))
		set(tx, s.claims, a.Claim, a.ID)
		set(tx, s.authenticatorsOf, a.UserID, append(slices.Clone(s.authenticatorsOf[a.UserID]), a.ID))
		return nil
	})
	return a.ID, err
}

// AuthenticatorsByUser implements mfa.Store.
func (s *Store) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	var list []mfa.Authenticator
	err := s.read(ctx, func() error {
		for _, id := range s.authenticatorsOf[userID] {
			list = append(list, cloneAuthenticator(s.authenticators[id]))
		}
		slices.SortFunc(list, func(a, b mfa.Authenticator) int { return cmp.Compare(a.ID, b.ID) })
		return nil
	})
	return list, err
}

// AuthenticatorByClaim implements mfa.Store.
func (s *Store) AuthenticatorByClaim(ctx context.Context, claim string) (*mfa.Authenticator, error) {
	var found mfa.Authenticator
	err := s.read(ctx, func() error {
		id, ok := s.claims[claim]
		if !ok {
			return authn.ErrNotFound
		}
		found = cloneAuthenticator(s.authenticators[id])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// UpdateAuthenticator implements mfa.Store.
func (s *Store) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	return s.write(ctx, func(tx *transaction) error {
		stored, ok := s.authenticators[a.ID]
		if !ok || stored.UserID != a.UserID {
			return authn.ErrNotFound
		}
		if stored.Version != a.Version {
			return authn.ErrConflict
		}
		stored.Name, stored.Data, stored.Counter, stored.LastUsedAt = a.Name, bytes.Clone(a.Data), a.Counter, a.LastUsedAt
		stored.Version++
		set(tx, s.authenticators, a.ID, stored)
		return nil
	})
}

// DeleteAuthenticator implements mfa.Store.
func (s *Store) DeleteAuthenticator(ctx context.Context, userID string, id int64) error {
	return s.write(ctx, func(tx *transaction) error {
		stored, ok := s.authenticators[id]
		if !ok || stored.UserID != userID {
			return authn.ErrNotFound
		}
		s.dropAuthenticator(tx, stored)
		return nil
	})
}

func (s *Store) dropAuthenticator(tx *transaction, a mfa.Authenticator) {
	remove(tx, s.authenticators, a.ID)
	remove(tx, s.claims, a.Claim)
	rest := slices.DeleteFunc(slices.Clone(s.authenticatorsOf[a.UserID]), func(id int64) bool { return id == a.ID })
	if len(rest) == 0 {
		remove(tx, s.authenticatorsOf, a.UserID)
		return
	}
	set(tx, s.authenticatorsOf, a.UserID, rest)
}
