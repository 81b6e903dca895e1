package memstore

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions/token"
)

// CreateRefreshToken implements token.Store.
func (s *Store) CreateRefreshToken(ctx context.Context, t token.RefreshToken) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, exists := s.refreshTokens[t.ID]; exists {
			return authn.ErrConflict
		}
		set(tx, s.refreshTokens, t.ID, t)
		return nil
	})
}

// RefreshTokenByID implements token.Store.
func (s *Store) RefreshTokenByID(ctx context.Context, id string) (*token.RefreshToken, error) {
	var found token.RefreshToken
	err := s.read(ctx, func() error {
		var ok bool
		if found, ok = s.refreshTokens[id]; !ok {
			return authn.ErrNotFound
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// RotateRefreshToken implements token.Store.
func (s *Store) RotateRefreshToken(ctx context.Context, id string, at time.Time, next token.RefreshToken) error {
	return s.write(ctx, func(tx *transaction) error {
		t, ok := s.refreshTokens[id]
		if !ok {
			return authn.ErrNotFound
		}
		if _, exists := s.refreshTokens[next.ID]; exists || !t.SpentAt.IsZero() {
			return authn.ErrConflict
		}
		t.SpentAt = at
		set(tx, s.refreshTokens, id, t)
		set(tx, s.refreshTokens, next.ID, next)
		return nil
	})
}
