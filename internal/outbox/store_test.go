package outbox

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/notify"
)

var errStoreDown = errors.New("store is down")

// memoryStore is a notify.Store whose state tests can wait for.
type memoryStore struct {
	mu         sync.Mutex
	entries    map[string]notify.Entry
	changed    chan struct{}
	down       bool
	keepsRows  bool // DeleteMessage fails
	overreport bool // ClaimMessages hands out more than asked for
}

func newMemoryStore() *memoryStore {
	return &memoryStore{entries: map[string]notify.Entry{}, changed: make(chan struct{})}
}

// change runs f, and wakes the waiting goroutines.
func (s *memoryStore) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *memoryStore) EnqueueMessage(_ context.Context, e notify.Entry) (err error) {
	s.change(func() {
		if s.down {
			err = errStoreDown
			return
		}
		s.entries[e.ID] = e
	})
	return err
}

func (s *memoryStore) ClaimMessages(_ context.Context, now time.Time, lease time.Duration, limit int, except ...string) (claimed []notify.Entry, err error) {
	s.change(func() {
		if s.down {
			err = errStoreDown
			return
		}
		due := slices.SortedFunc(maps.Values(s.entries), func(a, b notify.Entry) int { return a.NotBefore.Compare(b.NotBefore) })
		for _, e := range due {
			if e.NotBefore.After(now) || len(claimed) == limit && !s.overreport {
				break
			}
			if slices.Contains(except, e.Channel) {
				continue
			}
			e.NotBefore = now.Add(lease)
			e.Attempts++
			s.entries[e.ID] = e
			claimed = append(claimed, e)
		}
	})
	return claimed, err
}

func (s *memoryStore) RescheduleMessage(_ context.Context, id string, notBefore time.Time) (err error) {
	s.change(func() {
		if s.down {
			err = errStoreDown
			return
		}
		if e, ok := s.entries[id]; ok {
			e.NotBefore = notBefore
			s.entries[id] = e
		}
	})
	return err
}

func (s *memoryStore) DeleteMessage(_ context.Context, id string) (err error) {
	s.change(func() {
		if s.down || s.keepsRows {
			err = errStoreDown
			return
		}
		delete(s.entries, id)
	})
	return err
}

// wait returns once the condition holds for the entries.
func (s *memoryStore) wait(t *testing.T, what string, holds func(map[string]notify.Entry) bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		done, changed := holds(s.entries), s.changed
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the store never got to: %s", what)
		}
	}
}

func (s *memoryStore) waitEmpty(t *testing.T) {
	t.Helper()
	s.wait(t, "no entries", func(entries map[string]notify.Entry) bool { return len(entries) == 0 })
}

// waitRescheduled returns once all entries were tried n times and wait for
// their next attempt, which is sooner than the end of a claim.
func (s *memoryStore) waitRescheduled(t *testing.T, n int, before time.Time) {
	t.Helper()
	s.wait(t, "rescheduled", func(entries map[string]notify.Entry) bool {
		for _, e := range entries {
			if e.Attempts != n || !e.NotBefore.Before(before) {
				return false
			}
		}
		return len(entries) > 0
	})
}

func (s *memoryStore) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

func (s *memoryStore) Backlog(context.Context) (notify.Backlog, error) {
	return notify.Backlog{Messages: s.len()}, nil
}
