package sqlstore

import (
	"context"
	"strconv"
	"time"
)

// Clean implements storage.Keeper.
func (s *Store) Clean(ctx context.Context, now time.Time, limit int) (int, error) {
	deleted := 0
	for _, table := range []string{"sessions", "challenges", "refresh_tokens"} {
		ids, err := rows(ctx, s, "look for expired rows",
			`SELECT id FROM {`+table+`} WHERE expires_at < ? ORDER BY expires_at LIMIT ?`, []any{micros(now), limit - deleted},
			func(scan func(...any) error) (id any, err error) {
				err = scan(&id)
				return id, err
			})
		if err != nil {
			return deleted, err
		}
		for _, id := range ids {
			n, err := s.exec(ctx, "delete expired row", `DELETE FROM {`+table+`} WHERE id = ? AND expires_at < ?`, id, micros(now))
			if err != nil {
				return deleted, err
			}
			deleted += int(n)
		}
	}
	return deleted, nil
}

// ForgetUser implements storage.Keeper.
func (s *Store) ForgetUser(ctx context.Context, userID string) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		for _, table := range []string{"sessions", "refresh_tokens", "challenges", "emails", "phones", "passwords", "usernames", "social_accounts", "authenticators"} {
			if _, err := s.exec(ctx, "forget user", `DELETE FROM {`+table+`} WHERE user_id = ?`, userID); err != nil {
				return err
			}
		}
		number, err := strconv.ParseInt(userID, 10, 64)
		if err != nil {
			return nil // a user of the host's own table
		}
		_, err = s.exec(ctx, "forget user", `DELETE FROM {users} WHERE id = ?`, number)
		return err
	})
}
