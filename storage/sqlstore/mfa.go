package sqlstore

import (
	"context"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/mfa"
)

const authenticatorColumns = `id, user_id, type, name, claim, data, counter, version, created_at, last_used_at`

func scanAuthenticator(scan func(...any) error) (mfa.Authenticator, error) {
	var a mfa.Authenticator
	var created, used int64
	err := scan(&a.ID, &a.UserID, &a.Type, &a.Name, &a.Claim, &a.Data, &a.Counter, &a.Version, &created, &used)
	a.CreatedAt = fromMicros(created)
	if used != 0 {
		a.LastUsedAt = fromMicros(used)
	}
	return a, err
}

// CreateAuthenticator implements mfa.Store.
func (s *Store) CreateAuthenticator(ctx context.Context, a mfa.Authenticator) (int64, error) {
	var id int64
	err := s.atomically(ctx, func(ctx context.Context) error {
		err := s.insert(ctx, "create authenticator",
			`{authenticators} (user_id, type, name, claim, data, counter, version, created_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			a.UserID, string(a.Type), s.dialect.freeText(a.Name), a.Claim, a.Data, a.Counter, a.Version, micros(a.CreatedAt), microsOrZero(a.LastUsedAt))
		if err != nil {
			return err
		}
		return s.row(ctx, "create authenticator", `SELECT id FROM {authenticators} WHERE claim = ?`, []any{a.Claim}, &id)
	})
	return id, err
}

// AuthenticatorsByUser implements mfa.Store.
func (s *Store) AuthenticatorsByUser(ctx context.Context, userID string) ([]mfa.Authenticator, error) {
	return s.authenticators(ctx, `user_id = ?`, userID)
}

// AuthenticatorByClaim implements mfa.Store.
func (s *Store) AuthenticatorByClaim(ctx context.Context, claim string) (*mfa.Authenticator, error) {
	list, err := s.authenticators(ctx, `claim = ?`, claim)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, authn.ErrNotFound
	}
	return &list[0], nil
}

// authenticators reads rows. In a transaction it locks them.
func (s *Store) authenticators(ctx context.Context, condition, value string) ([]mfa.Authenticator, error) {
	lock := ""
	if transactionOf(ctx, s.db) != nil {
		lock = s.dialect.forUpdate
	}
	return rows(ctx, s, "load authenticators",
		`SELECT `+authenticatorColumns+` FROM {authenticators} WHERE `+condition+` ORDER BY id `+lock, []any{value}, scanAuthenticator)
}

// UpdateAuthenticator implements mfa.Store.
func (s *Store) UpdateAuthenticator(ctx context.Context, a mfa.Authenticator) error {
	n, err := s.exec(ctx, "update authenticator",
		`UPDATE {authenticators} SET name = ?, data = ?, counter = ?, last_used_at = ?, version = version + 1 WHERE id = ? AND user_id = ? AND version = ?`,
		s.dialect.freeText(a.Name), a.Data, a.Counter, microsOrZero(a.LastUsedAt), a.ID, a.UserID, a.Version)
	if err != nil || n > 0 {
		return err
	}
	list, err := s.AuthenticatorsByUser(ctx, a.UserID)
	if err != nil {
		return err
	}
	for _, stored := range list {
		if stored.ID == a.ID {
			return authn.ErrConflict
		}
	}
	return authn.ErrNotFound
}

// DeleteAuthenticator implements mfa.Store.
func (s *Store) DeleteAuthenticator(ctx context.Context, userID string, id int64) error {
	return s.execOne(ctx, "delete authenticator", authn.ErrNotFound, `DELETE FROM {authenticators} WHERE id = ? AND user_id = ?`, id, userID)
}
