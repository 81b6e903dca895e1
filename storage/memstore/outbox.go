package memstore

import (
	"bytes"
	"context"
	"math"
	"slices"
	"time"

	"github.com/allauth-go/allauth/notify"
)

const (
	messagesByID = iota
	messagesByDue
	messagesByChannel
)

func newMessages() table[notify.Entry] {
	return newTable(func(e notify.Entry) notify.Entry {
		e.Payload = bytes.Clone(e.Payload)
		return e
	}, 1,
		func(e *notify.Entry) key { return key{text: e.ID} },
		func(e *notify.Entry) key { return timeKey(e.NotBefore, e.ID) },
		func(e *notify.Entry) key { return key{e.Channel, e.NotBefore.UnixMicro(), e.ID} })
}

// EnqueueMessage implements notify.Store.
func (s *Store) EnqueueMessage(ctx context.Context, e notify.Entry) error {
	return s.write(ctx, func(tx *snapshot) error { return tx.messages.add(e) })
}

// ClaimMessages implements notify.Store.
func (s *Store) ClaimMessages(ctx context.Context, now time.Time, lease time.Duration, limit int, except ...string) ([]notify.Entry, error) {
	var due []notify.Entry
	err := s.write(ctx, func(tx *snapshot) error {
		for e := range tx.messages.until(messagesByDue, byTime, now.UnixMicro()) {
			if len(due) == limit {
				break
			}
			if slices.Contains(except, e.Channel) {
				continue
			}
			claimed := tx.messages.clone(*e)
			claimed.NotBefore = now.Add(lease)
			claimed.Attempts++
			tx.messages.put(claimed)
			due = append(due, claimed)
		}
		return nil
	})
	return due, err
}

// RescheduleMessage implements notify.Store.
func (s *Store) RescheduleMessage(ctx context.Context, id string, notBefore time.Time) error {
	return s.write(ctx, func(tx *snapshot) error {
		if e, err := tx.messages.load(messagesByID, key{text: id}); err == nil {
			e.NotBefore = notBefore
			tx.messages.put(*e)
		}
		return nil
	})
}

// Backlog implements notify.Store.
func (s *Store) Backlog(ctx context.Context) (notify.Backlog, error) {
	return read(ctx, s, func(now *snapshot) (b notify.Backlog, _ error) {
		seen := 0
		for e := range now.messages.until(messagesByDue, byTime, math.MaxInt64) {
			if seen++; seen > notify.BacklogLimit {
				break
			}
			b.Add(*e)
		}
		return b, nil
	})
}

// DeleteMessage implements notify.Store.
func (s *Store) DeleteMessage(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *snapshot) error {
		tx.messages.removeAll(messagesByID, id)
		return nil
	})
}
