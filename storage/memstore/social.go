package memstore

import (
	"bytes"
	"context"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
)

// social is an account at a provider.
type social struct {
	socialaccount.Account
	number int64 // increases with each new account
}

const (
	socialAccountsByUID = iota
	socialAccountsByUser
)

func socialKey(provider, uid string) key { return key{text: provider, tie: uid} }

func newSocialAccounts() table[social] {
	return newTable(func(a social) social {
		a.ExtraData, a.Token = bytes.Clone(a.ExtraData), bytes.Clone(a.Token)
		return a
	}, 1,
		func(a *social) key { return socialKey(a.Provider, a.UID) },
		func(a *social) key { return key{text: a.UserID, number: a.number} })
}

// CreateSocialAccount implements socialaccount.Store.
func (s *Store) CreateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	return s.write(ctx, func(tx *snapshot) error { return tx.socialAccounts.add(social{a, s.last.Add(1)}) })
}

// SocialAccount implements socialaccount.Store.
func (s *Store) SocialAccount(ctx context.Context, provider, uid string) (*socialaccount.Account, error) {
	return read(ctx, s, func(now *snapshot) (*socialaccount.Account, error) {
		row, err := now.socialAccounts.load(socialAccountsByUID, socialKey(provider, uid))
		if err != nil {
			return nil, err
		}
		return &row.Account, nil
	})
}

// SocialAccountsByUser implements socialaccount.Store.
func (s *Store) SocialAccountsByUser(ctx context.Context, userID string) ([]socialaccount.Account, error) {
	return read(ctx, s, func(now *snapshot) ([]socialaccount.Account, error) {
		return list(&now.socialAccounts, socialAccountsByUser, userID, func(a social) socialaccount.Account { return a.Account })
	})
}

// SocialAccountsByProvider implements socialaccount.Store.
func (s *Store) SocialAccountsByProvider(ctx context.Context, provider, after string, limit int) ([]socialaccount.Account, error) {
	return read(ctx, s, func(now *snapshot) ([]socialaccount.Account, error) {
		var list []socialaccount.Account
		now.socialAccounts.indexes[socialAccountsByUID].ascend(socialKey(provider, after), func(k key, row *social) bool {
			if k.text == provider && k.tie != after && len(list) < limit {
				list = append(list, now.socialAccounts.clone(*row).Account)
			}
			return k.text == provider && len(list) < limit
		})
		return list, nil
	})
}

// RekeySocialAccount implements socialaccount.Store.
func (s *Store) RekeySocialAccount(ctx context.Context, a socialaccount.Account, uid string) error {
	return s.write(ctx, func(tx *snapshot) error {
		stored := tx.socialAccounts.get(socialAccountsByUID, socialKey(a.Provider, a.UID))
		if stored == nil || stored.UserID != a.UserID {
			return authn.ErrNotFound
		}
		moved := *stored
		moved.UID, moved.Token = uid, a.Token
		if uid != a.UID && tx.socialAccounts.get(socialAccountsByUID, socialKey(a.Provider, uid)) != nil {
			return authn.ErrConflict
		}
		tx.socialAccounts.remove(stored)
		return tx.socialAccounts.add(moved)
	})
}

// UpdateSocialAccount implements socialaccount.Store.
func (s *Store) UpdateSocialAccount(ctx context.Context, a socialaccount.Account) error {
	return s.write(ctx, func(tx *snapshot) error {
		return tx.socialAccounts.change(socialKey(a.Provider, a.UID), func(stored *social) error {
			if stored.UserID != a.UserID {
				return authn.ErrNotFound
			}
			stored.ExtraData, stored.LastLogin = a.ExtraData, a.LastLogin
			return nil
		})
	})
}

// SwapSocialToken implements socialaccount.Store.
func (s *Store) SwapSocialToken(ctx context.Context, provider, uid string, old, new []byte) error {
	return s.write(ctx, func(tx *snapshot) error {
		return tx.socialAccounts.change(socialKey(provider, uid), func(stored *social) error {
			if !bytes.Equal(stored.Token, old) {
				return authn.ErrConflict
			}
			stored.Token = new
			return nil
		})
	})
}

// DeleteSocialAccount implements socialaccount.Store.
func (s *Store) DeleteSocialAccount(ctx context.Context, userID, provider, uid string) error {
	return s.write(ctx, func(tx *snapshot) error {
		stored := tx.socialAccounts.get(socialAccountsByUID, socialKey(provider, uid))
		if stored == nil || stored.UserID != userID {
			return authn.ErrNotFound
		}
		tx.socialAccounts.remove(stored)
		return nil
	})
}
