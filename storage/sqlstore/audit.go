package sqlstore

import (
	"context"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/audit"
)

const eventColumns = `id, name, created_at, user_id, actor_id, session_id, ip, user_agent, details, expires_at`

// maxEventRows is how many events one statement stores.
const maxEventRows = 100

// AppendEvents implements audit.Store.
func (s *Store) AppendEvents(ctx context.Context, events ...audit.Row) error {
	if len(events) <= maxEventRows {
		return s.appendEvents(ctx, events)
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		for chunk := range slices.Chunk(events, maxEventRows) {
			if err := s.appendEvents(ctx, chunk); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) appendEvents(ctx context.Context, events []audit.Row) error {
	if len(events) == 0 {
		return ctx.Err()
	}
	const values = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	var args []any
	for _, e := range events {
		args = append(args, e.ID, e.Name, micros(e.Time), e.UserID, e.ActorID, e.SessionID, e.IP,
			s.dialect.freeText(e.UserAgent), string(e.Details), micros(e.ExpiresAt))
	}
	_, err := s.exec(ctx, "store events", `INSERT INTO {audit_events} (`+eventColumns+`) VALUES `+values+strings.Repeat(", "+values, len(events)-1), args...)
	return err
}

// AuditEvents implements audit.Store.
func (s *Store) AuditEvents(ctx context.Context, f audit.Filter) ([]audit.Row, error) {
	at, id, err := f.Position()
	if err != nil {
		return nil, err
	}
	where, args := `name <> ?`, []any{audit.NameDecoy}
	and := func(condition string, values ...any) {
		where += ` AND ` + condition
		args = append(args, values...)
	}
	if f.UserID != "" {
		and(`user_id = ?`, f.UserID)
	}
	if f.ActorID != "" {
		and(`actor_id = ?`, f.ActorID)
	}
	if len(f.Names) > 0 {
		var names []any
		for _, name := range f.Names {
			names = append(names, name)
		}
		and(`name IN (?`+strings.Repeat(`, ?`, len(names)-1)+`)`, names...)
	}
	if !f.From.IsZero() {
		and(`created_at >= ?`, micros(f.From))
	}
	if !f.Until.IsZero() {
		and(`created_at < ?`, micros(f.Until))
	}
	if id != "" {
		and(`created_at <= ? AND (created_at < ? OR id < ?)`, micros(at), micros(at), id)
	}
	return rows(ctx, s, "list events", `SELECT `+eventColumns+` FROM {audit_events} WHERE `+where+` ORDER BY created_at DESC, id DESC LIMIT ?`,
		append(args, f.Limit), scanEvent)
}

func scanEvent(scan func(...any) error) (audit.Row, error) {
	var e audit.Row
	var at, expires int64
	err := scan(&e.ID, &e.Name, &at, &e.UserID, &e.ActorID, &e.SessionID, &e.IP, &e.UserAgent, &e.Details, &expires)
	e.Time, e.ExpiresAt = fromMicros(at), fromMicros(expires)
	return e, err
}

// ForgetEvents implements audit.Store.
func (s *Store) ForgetEvents(ctx context.Context, userID string) error {
	if userID == "" {
		return ctx.Err() // rows with an empty user id do not belong to a user
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, "forget events", `DELETE FROM {audit_events} WHERE user_id = ?`, userID); err != nil {
			return err
		}
		_, err := s.exec(ctx, "forget events", `UPDATE {audit_events} SET session_id = '', ip = '', user_agent = '' WHERE actor_id = ?`, userID)
		return err
	})
}
