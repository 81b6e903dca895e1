package sqlstore

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/notify"
)

const outboxColumns = `id, channel, payload, attempts, created_at, not_before, expires_at`

// EnqueueMessage implements notify.Store.
func (s *Store) EnqueueMessage(ctx context.Context, e notify.Entry) error {
	return s.insert(ctx, "queue message", `{outbox} (`+outboxColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.ID, e.Channel, e.Payload, e.Attempts, micros(e.CreatedAt), micros(e.NotBefore), micros(e.ExpiresAt))
}

// ClaimMessages implements notify.Store.
func (s *Store) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int, except ...string) ([]notify.Entry, error) {
	where, args := `not_before <= ?`, []any{micros(now)}
	for _, channel := range except {
		where += ` AND channel <> ?`
		args = append(args, channel)
	}
	due, err := rows(ctx, s, "look for messages",
		`SELECT `+outboxColumns+` FROM {outbox} WHERE `+where+` ORDER BY not_before, id LIMIT ?`, append(args, limit), scanEntry)
	if err != nil {
		return nil, err
	}
	claimed := due[:0]
	for _, e := range due {
		// Of several callers, the one whose update finds the time that was read
		// has claimed it.
		n, err := s.exec(ctx, "claim message", `UPDATE {outbox} SET not_before = ?, attempts = attempts + 1 WHERE id = ? AND not_before = ?`,
			micros(now.Add(lease)), e.ID, micros(e.NotBefore))
		if err != nil {
			return claimed, err
		}
		if n > 0 {
			e.NotBefore, e.Attempts = now.Add(lease), e.Attempts+1
			claimed = append(claimed, e)
		}
	}
	return claimed, nil
}

func scanEntry(scan func(...any) error) (notify.Entry, error) {
	var e notify.Entry
	var created, notBefore, expires int64
	err := scan(&e.ID, &e.Channel, &e.Payload, &e.Attempts, &created, &notBefore, &expires)
	e.CreatedAt, e.NotBefore, e.ExpiresAt = fromMicros(created), fromMicros(notBefore), fromMicros(expires)
	return e, err
}

// RescheduleMessage implements notify.Store.
func (s *Store) RescheduleMessage(ctx context.Context, id string, notBefore time.Time) error {
	_, err := s.exec(ctx, "reschedule message", `UPDATE {outbox} SET not_before = ? WHERE id = ?`, micros(notBefore), id)
	return err
}

// Backlog implements notify.Store.
func (s *Store) Backlog(ctx context.Context) (b notify.Backlog, err error) {
	next, err := rows(ctx, s, "look at the outbox", `SELECT channel, created_at FROM {outbox} WHERE not_before > ? ORDER BY not_before LIMIT ?`,
		[]any{0, notify.BacklogLimit}, func(scan func(...any) error) (e notify.Entry, err error) {
			var created int64
			err = scan(&e.Channel, &created)
			e.CreatedAt = fromMicros(created)
			return e, err
		})
	for _, e := range next {
		b.Add(e)
	}
	return b, err
}

// DeleteMessage implements notify.Store.
func (s *Store) DeleteMessage(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "delete message", `DELETE FROM {outbox} WHERE id = ?`, id)
	return err
}
