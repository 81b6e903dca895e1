package memstore

import (
	"bytes"
	"context"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
)

// socialKey names an account at a provider.
type socialKey struct{ provider, uid string }

func cloneSocial(a socialaccount.Account) socialaccount.Account {
	a.ExtraData, a.Token = bytes.Clone(a.ExtraData), bytes.Clone(a.Token)
	return a
}

// CreateSocialAccount implements socialaccount.Store.
func (s *Store) CreateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	return s.write(ctx, func(tx *transaction) error {
		key := socialKey{a.Provider, a.UID}
		if _, taken := s.social[key]; taken {
			return authn.ErrConflict
		}
		set(tx, s.social, key, cloneSocial(a))
		set(tx, s.socialOf, a.UserID, append(slices.Clone(s.socialOf[a.UserID]), key))
		return nil
	})
}

// SocialAccount implements socialaccount.Store.
func (s *Store) SocialAccount(ctx context.Context, provider, uid string) (*socialaccount.Account, error) {
	var found socialaccount.Account
	err := s.read(ctx, func() error {
		a, ok := s.social[socialKey{provider, uid}]
		if !ok {
			return authn.ErrNotFound
		}
		found = cloneSocial(a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// SocialAccountsByUser implements socialaccount.Store.
func (s *Store) SocialAccountsByUser(ctx context.Context, userID string) ([]socialaccount.Account, error) {
	var list []socialaccount.Account
	err := s.read(ctx, func() error {
		for _, key := range s.socialOf[userID] {
			list = append(list, cloneSocial(s.social[key]))
		}
		return nil
	})
	return list, err
}

// UpdateSocialAccount implements socialaccount.Store.
func (s *Store) UpdateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	return s.write(ctx, func(tx *transaction) error {
		key := socialKey{a.Provider, a.UID}
		stored, ok := s.social[key]
		if !ok || stored.UserID != a.UserID {
			return authn.ErrNotFound
		}
		stored.ExtraData, stored.LastLogin = bytes.Clone(a.ExtraData), a.LastLogin
		set(tx, s.social, key, stored)
		return nil
	})
}

// SwapSocialToken implements socialaccount.Store.
func (s *Store) SwapSocialToken(ctx context.Context, provider, uid string, old, new []byte) error {
	return s.write(ctx, func(tx *transaction) error {
		key := socialKey{provider, uid}
		stored, ok := s.social[key]
		if !ok {
			return authn.ErrNotFound
		}
		if !bytes.Equal(stored.Token, old) {
			return authn.ErrConflict
		}
		stored.Token = bytes.Clone(new)
		set(tx, s.social, key, stored)
		return nil
	})
}

// DeleteSocialAccount implements socialaccount.Store.
func (s *Store) DeleteSocialAccount(ctx context.Context, userID, provider, uid string) error {
	return s.write(ctx, func(tx *transaction) error {
		key := socialKey{provider, uid}
		if stored, ok := s.social[key]; !ok || stored.UserID != userID {
			return authn.ErrNotFound
		}
		remove(tx, s.social, key)
		rest := slices.DeleteFunc(slices.Clone(s.socialOf[userID]), func(k socialKey) bool { return k == key })
		if len(rest) == 0 {
			remove(tx, s.socialOf, userID)
			return nil
		}
		set(tx, s.socialOf, userID, rest)
		return nil
	})
}
