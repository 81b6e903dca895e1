package sqlstore

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions/token"
)

// CreateRefreshToken implements token.Store.
func (s *Store) CreateRefreshToken(ctx context.Context, t token.RefreshToken) error {
	return s.insert(ctx, "create refresh token", `{refresh_tokens} (id, session_id, user_id, spent_at, expires_at) VALUES (?, ?, ?, ?, ?)`,
		t.ID, t.SessionID, t.UserID, microsOrZero(t.SpentAt), micros(t.ExpiresAt))
}

// RefreshTokenByID implements token.Store.
func (s *Store) RefreshTokenByID(ctx context.Context, id string) (*token.RefreshToken, error) {
	t := token.RefreshToken{ID: id}
	var spent, expires int64
	err := s.row(ctx, "load refresh token", `SELECT session_id, user_id, spent_at, expires_at FROM {refresh_tokens} WHERE id = ?`, []any{id},
		&t.SessionID, &t.UserID, &spent, &expires)
	if err != nil {
		return nil, err
	}
	if spent != 0 {
		t.SpentAt = fromMicros(spent)
	}
	t.ExpiresAt = fromMicros(expires)
	return &t, nil
}

// RotateRefreshToken implements token.Store.
func (s *Store) RotateRefreshToken(ctx context.Context, id string, at time.Time, next token.RefreshToken) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		n, err := s.exec(ctx, "spend refresh token", `UPDATE {refresh_tokens} SET spent_at = ? WHERE id = ? AND session_id = ? AND spent_at = 0`, micros(at), id, next.SessionID)
		if err != nil {
			return err
		}
		if n == 0 {
			old, err := s.RefreshTokenByID(ctx, id)
			if err == nil && old.SessionID != next.SessionID {
				err = authn.ErrNotFound
			}
			if err != nil {
				return err
			}
			return authn.ErrConflict
		}
		return s.CreateRefreshToken(ctx, next)
	})
}

// microsOrZero is micros for a time that may be zero.
func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micros(t)
}
