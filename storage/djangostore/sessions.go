package djangostore

import (
	"context"

	"github.com/allauth-go/allauth/sessions"
)

// Sessions are in the table of sqlstore. A session that was adopted from django_session
// has a row in django_sessions: when it ends, Django's row is deleted, too, or Django
// would still accept it.

// CreateSession implements sessions.Store. It also stores the time of the login.
func (s *Store) CreateSession(ctx context.Context, row sessions.Row) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.CreateSession(ctx, row); err != nil || row.UserID == "" || row.Kind == "replaced" {
			return err
		}
		return s.touchLogin(ctx, row.UserID, row.CreatedAt)
	})
}

// RenewSession implements sessions.Store. It also stores the time of a login.
func (s *Store) RenewSession(ctx context.Context, row, old sessions.Row, loaded []byte) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.Store.RenewSession(ctx, row, old, loaded); err != nil {
			return err
		}
		if err := s.endDjangoSessions(ctx, `token_hash = ?`, old.TokenHash); err != nil || row.UserID == "" || row.UserID == old.UserID {
			return err
		}
		return s.touchLogin(ctx, row.UserID, row.LastSeenAt)
	})
}

// SessionsByTokens implements sessions.Store. The profiles are read on their own.
func (s *Store) SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]sessions.Row, error) {
	list, err := s.Store.SessionsByTokens(ctx, tokenHashes...)
	for i := range list {
		list[i].Profile = nil
	}
	return list, err
}

// DeleteSession implements sessions.Store.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.endDjangoSessions(ctx, `session_id = ?`, id); err != nil {
			return err
		}
		return s.Store.DeleteSession(ctx, id)
	})
}

// DeleteUserSessions implements sessions.Store.
func (s *Store) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.endDjangoSessions(ctx, `user_id = ? AND session_id <> ?`, userID, exceptID); err != nil {
			return err
		}
		return s.Store.DeleteUserSessions(ctx, userID, exceptID)
	})
}

// endDjangoSessions deletes the rows of Django whose adopted sessions end.
func (s *Store) endDjangoSessions(ctx context.Context, condition string, values ...string) error {
	t, err := s.read(ctx)
	if err != nil || !t.sessions || !s.storable(values...) {
		return err
	}
	args := make([]any, len(values))
	for i, value := range values {
		args[i] = value
	}
	n, err := s.exec(ctx, "end sessions of Django", `DELETE FROM django_session WHERE session_key IN (SELECT session_key FROM {django_sessions} WHERE `+condition+`)`, args...)
	if err != nil || n == 0 {
		return err
	}
	_, err = s.exec(ctx, "end sessions of Django", `DELETE FROM {django_sessions} WHERE `+condition, args...)
	return err
}
