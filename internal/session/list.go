package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/sessions"
)

// List returns the sessions of a user that have not ended, oldest first.
func (m *Manager) List(ctx context.Context, id *login.Identity) ([]sessions.Row, error) {
	rows, err := m.deps.Store.SessionsByUser(ctx, id.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	active := rows[:0]
	for _, row := range rows {
		if !m.expired(&row) && row.AuthHash == id.AuthHash {
			active = append(active, row)
		}
	}
	return active, nil
}

// Lives reports whether the user has the session, with that fingerprint.
func (m *Manager) Lives(ctx context.Context, userID, id, authHash string) (bool, error) {
	rows, err := m.deps.Store.SessionsByUser(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("look up session: %w", err)
	}
	return slices.ContainsFunc(rows, func(row sessions.Row) bool { return row.ID == id && row.AuthHash == authHash }), nil
}

// End ends the sessions. It does not check that they belong to the user.
func (m *Manager) End(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		if err := m.deps.Store.DeleteSession(ctx, id); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
	}
	return nil
}

// EndAll ends all the user's sessions but the one with the id except, which may
// be empty.
func (m *Manager) EndAll(ctx context.Context, userID, except string) error {
	if err := m.deps.Store.DeleteUserSessions(ctx, userID, except); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// Rekey moves the user's sessions to a new fingerprint, when a stored hash was
// upgraded and the password stayed the same.
func (m *Manager) Rekey(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	if err := m.deps.Store.RekeySessions(ctx, userID, oldAuthHash, newAuthHash); err != nil {
		return fmt.Errorf("rekey sessions: %w", err)
	}
	return nil
}

// trim ends the user's oldest sessions beyond MaxPerUser, but never the one that was
// just stored: after the clock was set back, the newest session looks like the
// oldest. The lock of the user makes concurrent logins trim one after the other;
// otherwise each would end the sessions of the others.
func (m *Manager) trim(ctx context.Context, userID, stored string) error {
	rows, err := m.deps.Store.SessionsByUser(ctx, userID)
	if err != nil || len(rows) <= m.cfg.MaxPerUser {
		return err
	}
	return work.Retry(ctx, func() error {
		return m.deps.Tx.InTx(ctx, func(ctx context.Context) error { return m.endOldest(ctx, userID, stored) })
	})
}

func (m *Manager) endOldest(ctx context.Context, userID, except string) error {
	if err := m.deps.Tx.LockUser(ctx, userID); err != nil {
		return err
	}
	rows, err := m.deps.Store.SessionsByUser(ctx, userID)
	if err != nil {
		return err
	}
	surplus := len(rows) - m.cfg.MaxPerUser
	rows = slices.DeleteFunc(rows, func(row sessions.Row) bool { return row.ID == except })
	for _, row := range rows[:min(max(surplus, 0), len(rows))] {
		if err := m.deps.Store.DeleteSession(ctx, row.ID); err != nil {
			return err
		}
	}
	return nil
}

// Config returns the configuration with its defaults.
func (m *Manager) Config() sessions.Config { return m.cfg }
