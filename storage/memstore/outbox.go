package memstore

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
)

// EnqueueMessage implements notify.Store.
func (s *Store) EnqueueMessage(ctx context.Context, e notify.Entry) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, exists := s.outbox[e.ID]; exists {
			return authn.ErrConflict
		}
		e.Payload = bytes.Clone(e.Payload)
		set(tx, s.outbox, e.ID, e)
		return nil
	})
}

// ClaimMessages implements notify.Store.
func (s *Store) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]notify.Entry, error) {
	var due []notify.Entry
	err := s.write(ctx, func(tx *transaction) error {
		for _, e := range s.outbox {
			if !e.NotBefore.After(now) {
				due = append(due, e)
			}
		}
		slices.SortFunc(due, func(a, b notify.Entry) int { return a.NotBefore.Compare(b.NotBefore) })
		due = due[:min(limit, len(due))]
		for i := range due {
			due[i].NotBefore = now.Add(lease)
			due[i].Attempts++
			set(tx, s.outbox, due[i].ID, due[i])
			due[i].Payload = bytes.Clone(due[i].Payload)
		}
		return nil
	})
	return due, err
}

// RescheduleMessage implements notify.Store.
func (s *Store) RescheduleMessage(ctx context.Context, id string, notBefore time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		if e, ok := s.outbox[id]; ok {
			e.NotBefore = notBefore
			set(tx, s.outbox, id, e)
		}
		return nil
	})
}

// DeleteMessage implements notify.Store.
func (s *Store) DeleteMessage(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *transaction) error {
		remove(tx, s.outbox, id)
		return nil
	})
}
