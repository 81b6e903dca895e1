package memstore

import (
	"context"

	"github.com/allauth-go/allauth/authn"
)

// password is the hash of a user's password.
type password struct{ userID, hash string }

const (
	passwordsByUser = iota
	passwordsByHash
)

func newPasswords() table[password] {
	return newTable(asIs, 1,
		func(p *password) key { return key{text: p.userID} },
		func(p *password) key { return key{text: p.hash, tie: p.userID} })
}

// PasswordHash implements account.PasswordStore.
func (s *Store) PasswordHash(ctx context.Context, userID string) (string, error) {
	return read(ctx, s, func(now *snapshot) (string, error) {
		row := now.passwords.get(passwordsByUser, key{text: userID})
		if row == nil {
			return "", authn.ErrNotFound
		}
		return row.hash, nil
	})
}

// SwapPasswordHash implements account.PasswordStore.
func (s *Store) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	return s.write(ctx, func(tx *snapshot) error {
		row := tx.passwords.get(passwordsByUser, key{text: userID})
		if row != nil && row.hash != old || row == nil && old != "" {
			return authn.ErrConflict
		}
		tx.passwords.put(password{userID, new})
		return nil
	})
}

// NextPasswordHash implements account.PasswordStore.
func (s *Store) NextPasswordHash(ctx context.Context, from string) (string, error) {
	return read(ctx, s, func(now *snapshot) (string, error) {
		row := now.passwords.next(passwordsByHash, key{text: from})
		if row == nil {
			return "", authn.ErrNotFound
		}
		return row.hash, nil
	})
}

// username is a username in its canonical form.
type username struct{ name, userID string }

const (
	usernamesByName = iota
	usernamesByUser
)

func newUsernames() table[username] {
	return newTable(asIs, 1,
		func(u *username) key { return key{text: u.name} },
		func(u *username) key { return key{text: u.userID, tie: u.name} })
}

// ClaimUsername implements account.UsernameStore.
func (s *Store) ClaimUsername(ctx context.Context, userID, canonical string) error {
	return s.write(ctx, func(tx *snapshot) error { return tx.usernames.add(username{canonical, userID}) })
}

// UserIDByUsername implements account.UsernameStore.
func (s *Store) UserIDByUsername(ctx context.Context, canonical string) (string, error) {
	return read(ctx, s, func(now *snapshot) (string, error) {
		row := now.usernames.get(usernamesByName, key{text: canonical})
		if row == nil {
			return "", authn.ErrNotFound
		}
		return row.userID, nil
	})
}
