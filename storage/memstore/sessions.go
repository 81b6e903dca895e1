package memstore

import (
	"bytes"
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
)

const (
	sessionsByID = iota
	sessionsByToken
	sessionsByUser
	sessionsByExpiry
)

func newSessions() table[sessions.Row] {
	return newTable(func(row sessions.Row) sessions.Row {
		row.Data, row.Profile = bytes.Clone(row.Data), nil
		return row
	}, 2,
		func(row *sessions.Row) key { return key{text: row.ID} },
		func(row *sessions.Row) key { return key{text: row.TokenHash} },
		func(row *sessions.Row) key { return key{row.UserID, row.CreatedAt.UnixMicro(), row.ID} },
		func(row *sessions.Row) key { return timeKey(row.ExpiresAt, row.ID) })
}

// CreateSession implements sessions.Store.
func (s *Store) CreateSession(ctx context.Context, row sessions.Row) error {
	return s.write(ctx, func(tx *snapshot) error { return tx.sessions.add(row) })
}

// SessionsByTokens implements sessions.Store.
func (s *Store) SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]sessions.Row, error) {
	return read(ctx, s, func(now *snapshot) (rows []sessions.Row, _ error) {
		for _, hash := range tokenHashes {
			row, err := now.sessions.load(sessionsByToken, key{text: hash})
			if err != nil {
				continue
			}
			if row.UserID != "" {
				row.Profile = now.profile(row.UserID)
			}
			rows = append(rows, *row)
		}
		return rows, nil
	})
}

// SaveSession implements sessions.Store.
func (s *Store) SaveSession(ctx context.Context, row sessions.Row, loaded []byte) error {
	return s.write(ctx, func(tx *snapshot) error {
		return tx.sessions.change(key{text: row.ID}, func(stored *sessions.Row) error {
			if stored.TokenHash != row.TokenHash {
				return authn.ErrNotFound
			}
			if !isCurrent(stored, loaded) {
				return authn.ErrConflict
			}
			stored.Data, stored.LastSeenAt, stored.ExpiresAt = row.Data, row.LastSeenAt, row.ExpiresAt
			return nil
		})
	})
}

// isCurrent reports whether the stored row still has the data that was loaded.
func isCurrent(stored *sessions.Row, loaded []byte) bool {
	return len(loaded) == 0 || bytes.Equal(stored.Data, loaded)
}

// RenewSession implements sessions.Store.
func (s *Store) RenewSession(ctx context.Context, row, old sessions.Row, loaded []byte) error {
	return s.write(ctx, func(tx *snapshot) error {
		stored := tx.sessions.get(sessionsByID, key{text: row.ID})
		if stored == nil || stored.TokenHash != old.TokenHash {
			return authn.ErrNotFound
		}
		if !isCurrent(stored, loaded) {
			return authn.ErrConflict
		}
		tx.sessions.remove(stored)
		if err := tx.sessions.add(row); err != nil {
			return err
		}
		return tx.sessions.add(old)
	})
}

// TouchSession implements sessions.Store.
func (s *Store) TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error {
	return s.write(ctx, func(tx *snapshot) error {
		if row, err := tx.sessions.load(sessionsByID, key{text: id}); err == nil {
			row.IP, row.UserAgent, row.LastSeenAt = ip, userAgent, seen
			tx.sessions.put(*row)
		}
		return nil
	})
}

// RekeySessions implements sessions.Store.
func (s *Store) RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	return s.write(ctx, func(tx *snapshot) error {
		for row := range tx.sessions.all(sessionsByUser, userID) {
			if row.AuthHash == oldAuthHash {
				rekeyed := *row
				rekeyed.AuthHash = newAuthHash
				tx.sessions.put(rekeyed)
			}
		}
		return nil
	})
}

// SessionsByUser implements sessions.Store.
func (s *Store) SessionsByUser(ctx context.Context, userID string) ([]sessions.Row, error) {
	return read(ctx, s, func(now *snapshot) ([]sessions.Row, error) {
		return list(&now.sessions, sessionsByUser, userID, asIs)
	})
}

// DeleteSession implements sessions.Store.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *snapshot) error {
		tx.sessions.removeAll(sessionsByID, id)
		return nil
	})
}

// DeleteUserSessions implements sessions.Store.
func (s *Store) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	return s.write(ctx, func(tx *snapshot) error {
		for row := range tx.sessions.all(sessionsByUser, userID) {
			if row.ID != exceptID {
				tx.sessions.remove(row)
			}
		}
		return nil
	})
}

// SessionsInTx implements sessions.Store.
func (s *Store) SessionsInTx() bool { return true }
