package memstore

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions/token"
)

const (
	refreshTokensByID = iota
	refreshTokensByUser
	refreshTokensByExpiry
)

func newRefreshTokens() table[token.RefreshToken] {
	return newTable(asIs, 1,
		func(t *token.RefreshToken) key { return key{text: t.ID} },
		func(t *token.RefreshToken) key { return key{text: t.UserID, tie: t.ID} },
		func(t *token.RefreshToken) key { return timeKey(t.ExpiresAt, t.ID) })
}

// CreateRefreshToken implements token.Store.
func (s *Store) CreateRefreshToken(ctx context.Context, t token.RefreshToken) error {
	return s.write(ctx, func(tx *snapshot) error { return tx.refreshTokens.add(t) })
}

// RefreshTokenByID implements token.Store.
func (s *Store) RefreshTokenByID(ctx context.Context, id string) (*token.RefreshToken, error) {
	return read(ctx, s, func(now *snapshot) (*token.RefreshToken, error) {
		return now.refreshTokens.load(refreshTokensByID, key{text: id})
	})
}

// RotateRefreshToken implements token.Store.
func (s *Store) RotateRefreshToken(ctx context.Context, id string, at time.Time, next token.RefreshToken) error {
	return s.write(ctx, func(tx *snapshot) error {
		return tx.refreshTokens.change(key{text: id}, func(t *token.RefreshToken) error {
			switch {
			case t.SessionID != next.SessionID:
				return authn.ErrNotFound
			case !t.SpentAt.IsZero():
				return authn.ErrConflict
			}
			t.SpentAt = at
			return tx.refreshTokens.add(next)
		})
	})
}
