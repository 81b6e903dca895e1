package memstore

import (
	"bytes"
	"context"
	"slices"

	"github.com/allauth-go/allauth/audit"
)

const (
	eventsByID = iota
	eventsByTime
	eventsByUser
	eventsByExpiry
)

func newEvents() table[audit.Row] {
	return newTable(func(e audit.Row) audit.Row {
		e.Details = bytes.Clone(e.Details)
		return e
	}, 1,
		func(e *audit.Row) key { return key{text: e.ID} },
		func(e *audit.Row) key { return timeKey(e.Time, e.ID) },
		func(e *audit.Row) key { return key{e.UserID, e.Time.UnixMicro(), e.ID} },
		func(e *audit.Row) key { return timeKey(e.ExpiresAt, e.ID) })
}

// AppendEvents implements audit.Store.
func (s *Store) AppendEvents(ctx context.Context, events ...audit.Row) error {
	return s.write(ctx, func(tx *snapshot) error {
		for _, e := range events {
			if err := tx.events.add(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// AuditEvents implements audit.Store.
func (s *Store) AuditEvents(ctx context.Context, f audit.Filter) ([]audit.Row, error) {
	at, id, err := f.Position()
	if err != nil {
		return nil, err
	}
	selects := func(e *audit.Row) bool {
		return e.Name != audit.NameDecoy &&
			(f.ActorID == "" || e.ActorID == f.ActorID) &&
			(len(f.Names) == 0 || slices.Contains(f.Names, e.Name)) &&
			!e.Time.Before(f.From) && (f.Until.IsZero() || e.Time.Before(f.Until)) &&
			(id == "" || timeKey(e.Time, e.ID).compare(timeKey(at, id)) < 0)
	}
	return read(ctx, s, func(now *snapshot) ([]audit.Row, error) {
		index, text := eventsByTime, byTime
		if f.UserID != "" {
			index, text = eventsByUser, f.UserID
		}
		var list []audit.Row
		for e := range now.events.all(index, text) {
			if selects(e) {
				list = append(list, now.events.clone(*e))
			}
		}
		slices.Reverse(list)
		return list[:min(len(list), f.Limit)], nil
	})
}

// ForgetEvents implements audit.Store.
func (s *Store) ForgetEvents(ctx context.Context, userID string) error {
	return s.write(ctx, func(tx *snapshot) error {
		tx.forgetEvents(userID)
		return nil
	})
}

func (now *snapshot) forgetEvents(userID string) {
	now.events.removeAll(eventsByUser, userID)
	for e := range now.events.all(eventsByTime, byTime) {
		if e.ActorID == userID && userID != "" {
			changed := *e
			changed.SessionID, changed.IP, changed.UserAgent = "", "", ""
			now.events.put(changed)
		}
	}
}
