package memstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
)

// CreateSession implements sessions.Store.
func (s *Store) CreateSession(ctx context.Context, row sessions.Row) error {
	return s.write(ctx, func(tx *transaction) error { return s.createSession(tx, row) })
}

func (s *Store) createSession(tx *transaction, row sessions.Row) error {
	_, idTaken := s.sessions[row.ID]
	_, tokenTaken := s.tokens[row.TokenHash]
	if idTaken || tokenTaken {
		return authn.ErrConflict
	}
	row.Data = bytes.Clone(row.Data)
	set(tx, s.sessions, row.ID, row)
	set(tx, s.tokens, row.TokenHash, row.ID)
	if row.UserID != "" {
		set(tx, s.owners, row.UserID, with(s.owners[row.UserID], row.ID))
	}
	return nil
}

// dropSession deletes a row from every index.
func (s *Store) dropSession(tx *transaction, id string) {
	row, ok := s.sessions[id]
	if !ok {
		return
	}
	remove(tx, s.sessions, id)
	remove(tx, s.tokens, row.TokenHash)
	if row.UserID == "" {
		return
	}
	if rest := without(s.owners[row.UserID], id); len(rest) > 0 {
		set(tx, s.owners, row.UserID, rest)
	} else {
		remove(tx, s.owners, row.UserID)
	}
}

// SessionsByTokens implements sessions.Store.
func (s *Store) SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]sessions.Row, error) {
	var rows []sessions.Row
	err := s.read(ctx, func() error {
		for _, hash := range tokenHashes {
			if row, ok := s.sessions[s.tokens[hash]]; ok {
				row.Data = bytes.Clone(row.Data)
				if row.UserID != "" {
					profile := s.profile(row.UserID)
					row.Profile = &profile
				}
				rows = append(rows, row)
			}
		}
		return nil
	})
	return rows, err
}

// SaveSession implements sessions.Store.
func (s *Store) SaveSession(ctx context.Context, row sessions.Row) error {
	return s.write(ctx, func(tx *transaction) error {
		stored, ok := s.sessions[row.ID]
		if !ok || stored.TokenHash != row.TokenHash {
			return authn.ErrNotFound
		}
		stored.Data, stored.LastSeenAt, stored.ExpiresAt = bytes.Clone(row.Data), row.LastSeenAt, row.ExpiresAt
		set(tx, s.sessions, row.ID, stored)
		return nil
	})
}

// RenewSession implements sessions.Store.
func (s *Store) RenewSession(ctx context.Context, row, old sessions.Row) error {
	return s.write(ctx, func(tx *transaction) error {
		stored, ok := s.sessions[row.ID]
		if !ok || stored.TokenHash != old.TokenHash {
			return authn.ErrNotFound
		}
		if s.sessions[old.ID].ID != "" || s.tokens[row.TokenHash] != "" {
			return authn.ErrConflict
		}
		s.dropSession(tx, row.ID)
		if err := s.createSession(tx, row); err != nil {
			return err
		}
		return s.createSession(tx, old)
	})
}

// TouchSession implements sessions.Store.
func (s *Store) TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		if row, ok := s.sessions[id]; ok {
			row.IP, row.UserAgent, row.LastSeenAt = ip, userAgent, seen
			set(tx, s.sessions, id, row)
		}
		return nil
	})
}

// RekeySessions implements sessions.Store.
func (s *Store) RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, id := range s.owners[userID] {
			if row := s.sessions[id]; row.AuthHash == oldAuthHash {
				row.AuthHash = newAuthHash
				set(tx, s.sessions, id, row)
			}
		}
		return nil
	})
}

// SessionsByUser implements sessions.Store.
func (s *Store) SessionsByUser(ctx context.Context, userID string) ([]sessions.Row, error) {
	var rows []sessions.Row
	err := s.read(ctx, func() error {
		for _, id := range s.owners[userID] {
			row := s.sessions[id]
			row.Data = nil
			rows = append(rows, row)
		}
		slices.SortStableFunc(rows, func(a, b sessions.Row) int { return a.CreatedAt.Compare(b.CreatedAt) })
		return nil
	})
	return rows, err
}

// DeleteSession implements sessions.Store.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *transaction) error {
		s.dropSession(tx, id)
		return nil
	})
}

// DeleteUserSessions implements sessions.Store.
func (s *Store) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	return s.write(ctx, func(tx *transaction) error {
		for _, id := range s.owners[userID] {
			if id != exceptID {
				s.dropSession(tx, id)
			}
		}
		return nil
	})
}

// SessionsInTx implements sessions.Store.
func (s *Store) SessionsInTx() bool { return true }
