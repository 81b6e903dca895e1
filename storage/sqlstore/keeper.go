package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
)

// Status implements storage.Keeper.
func (s *Store) Status(ctx context.Context) (storage.Status, error) {
	if err := s.checkNames(); err != nil {
		return storage.Status{}, err
	}
	list, err := s.migrations()
	if err != nil {
		return storage.Status{}, err
	}
	var clock int64
	if err := s.row(ctx, "read the clock", s.dialect.clock, nil, &clock); err != nil {
		return storage.Status{}, err
	}
	status := storage.Status{PendingMigrations: len(list)}
	if clock > 0 {
		status.Clock = fromMicros(clock)
	}
	var ran int
	err = s.row(ctx, "count migrations", "SELECT COUNT(*) FROM {migrations} WHERE version <= ?", []any{list[len(list)-1].version}, &ran)
	if err != nil && !isUnmigrated(err) {
		return storage.Status{}, err
	}
	status.PendingMigrations -= ran
	return status, nil
}

// Clean implements storage.Keeper.
func (s *Store) Clean(ctx context.Context, now time.Time, limit int) (int, error) {
	deleted := 0
	for _, table := range []string{"sessions", "challenges", "refresh_tokens", "rate_limits", "audit_events", "outbox"} {
		expired := "expires_at < ?"
		if table == "outbox" {
			// The worker drops other messages, and logs that. Decoys stay here if
			// a host keeps the messages elsewhere.
			expired = "not_before < ? AND channel = '" + notify.ChannelDecoy + "'"
		}
		clean := strings.NewReplacer("{table}", "{"+table+"}", "{expired}", expired).Replace(s.dialect.clean)
		n, err := s.exec(ctx, "delete expired rows", clean, micros(now), limit-deleted)
		deleted += int(n)
		if err != nil || deleted >= limit {
			return deleted, err
		}
	}
	return deleted, nil
}

// ForgetUser implements storage.Keeper.
func (s *Store) ForgetUser(ctx context.Context, userID string) error {
	if userID == "" || !s.dialect.storable([]any{userID}) {
		return ctx.Err() // rows with an empty user id do not belong to a user
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.LockUser(ctx, userID); err != nil {
			return err
		}
		for _, table := range []string{"sessions", "refresh_tokens", "challenges", "emails", "phones", "passwords", "usernames", "social_accounts", "authenticators", "deletions", "user_locks"} {
			if _, err := s.exec(ctx, "forget user", `DELETE FROM {`+table+`} WHERE user_id = ?`, userID); err != nil {
				return err
			}
		}
		if err := s.ForgetEvents(ctx, userID); err != nil {
			return err
		}
		number, err := strconv.ParseInt(userID, 10, 64)
		if err != nil {
			return nil // a user of the host's own table
		}
		_, err = s.exec(ctx, "forget user", `DELETE FROM {users} WHERE id = ?`, number)
		return err
	})
}
