package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// Outbox checks a notify.Store. Each check needs an empty store, or one with no
// entry that is due before the year 2031.
func Outbox(t *testing.T, open func(t *testing.T) notify.Store) {
	t.Helper()
	run(t, open, outboxChecks)
}

var outboxChecks = []check[notify.Store]{
	{"entries that are due are claimed as they were stored", outboxClaimed},
	{"entries are ordered by NotBefore, up to the limit", outboxOrder},
	{"entries of excepted channels are left", outboxExcept},
	{"a claimed entry is due again after its lease", outboxLease},
	{"one of many concurrent calls claims an entry", outboxRace},
	{"entries are rescheduled and deleted", outboxReschedule},
	{"the backlog is that of the messages, without decoys", outboxBacklog},
	{"a cancelled context ends a call", outboxCancelled},
}

// due returns when the entries of a check are due. Each check has an hour of its
// own, in case it shares the store with others.
func (k *kit) due() time.Time {
	return time.Date(2030, 1, 1, 0, 0, 0, 123456000, time.UTC)
}

func (k *kit) entry(s notify.Store, notBefore time.Time) notify.Entry {
	k.Helper()
	e := notify.Entry{
		ID: k.id(), Channel: notify.ChannelMail, Payload: []byte("payload\x00\xff"),
		CreatedAt: k.due().Add(-time.Minute), NotBefore: notBefore, ExpiresAt: k.due().Add(time.Hour),
	}
	k.ok("EnqueueMessage", s.EnqueueMessage(k.Context(), e))
	return e
}

func (k *kit) claim(s notify.Store, now time.Time, limit int) []notify.Entry {
	k.Helper()
	list, err := s.ClaimMessages(k.Context(), now, time.Minute, limit)
	k.ok("ClaimMessages", err)
	for i := range list {
		e := &list[i]
		e.CreatedAt, e.NotBefore, e.ExpiresAt = e.CreatedAt.UTC(), e.NotBefore.UTC(), e.ExpiresAt.UTC()
	}
	return list
}

func (k *kit) dropAll(s notify.Store, list []notify.Entry) {
	for _, e := range list {
		k.ok("DeleteMessage", s.DeleteMessage(k.Context(), e.ID))
	}
}

func outboxClaimed(k *kit, s notify.Store) {
	now := k.due()
	e := k.entry(s, now)
	k.entry(s, now.Add(time.Microsecond))
	e.NotBefore, e.Attempts = now.Add(time.Minute), 1
	got := k.claim(s, now, 10)
	k.same("ClaimMessages", got, []notify.Entry{e}, "it returns entries whose NotBefore is not after now, with NotBefore at the end of the lease and one more attempt")
}

func outboxExcept(k *kit, s notify.Store) {
	now := k.due()
	byChannel := map[string]string{}
	for i, channel := range []string{notify.ChannelWebhook, notify.ChannelMail, notify.ChannelText} {
		e := notify.Entry{ID: k.id(), Channel: channel, Payload: []byte("p"), CreatedAt: now, NotBefore: now.Add(time.Duration(i-9) * time.Second), ExpiresAt: now.Add(time.Hour)}
		k.ok("EnqueueMessage", s.EnqueueMessage(k.Context(), e))
		byChannel[channel] = e.ID
	}
	for _, c := range []struct{ except, want []string }{
		{[]string{notify.ChannelWebhook, notify.ChannelMail}, []string{byChannel[notify.ChannelText]}},
		{[]string{notify.ChannelWebhook}, []string{byChannel[notify.ChannelMail]}},
		{nil, []string{byChannel[notify.ChannelWebhook]}},
	} {
		list, err := s.ClaimMessages(k.Context(), now, time.Minute, 1, c.except...)
		k.ok("ClaimMessages", err)
		var got []string
		for _, e := range list {
			got = append(got, e.ID)
		}
		k.same(fmt.Sprintf("ClaimMessages except %v", c.except), got, c.want, "it returns entries of other channels, up to the limit, and leaves those")
	}
}

func outboxOrder(k *kit, s notify.Store) {
	now := k.due()
	var want []string
	for _, age := range []time.Duration{1, 3, 2} {
		want = append(want, k.entry(s, now.Add(-age*time.Second)).ID)
	}
	list := k.claim(s, now, 2)
	k.same("number of entries that ClaimMessages returned with limit 2", len(list), 2, "it returns at most limit entries")
	if len(list) == 2 {
		k.same("ClaimMessages", []string{list[0].ID, list[1].ID}, []string{want[1], want[2]}, "entries are ordered by NotBefore")
	}
	rest := k.claim(s, now, 2)
	k.same("number of entries that are left", len(rest), 1, "claimed entries are not due before their lease ends")
	k.dropAll(s, append(list, rest...))
}

func outboxLease(k *kit, s notify.Store) {
	now := k.due()
	e := k.entry(s, now)
	k.claim(s, now, 1)
	k.same("number of entries just before the lease ends", len(k.claim(s, now.Add(time.Minute-time.Microsecond), 1)), 0, "a claimed entry is not due before its lease ends")
	again := k.claim(s, now.Add(time.Minute), 1)
	if len(again) != 1 || again[0].ID != e.ID || again[0].Attempts != 2 {
		k.Errorf("ClaimMessages after the lease returned %+v; the contract: the entry is due again, with two attempts", again)
	}
	k.dropAll(s, again)
}

func outboxRace(k *kit, s notify.Store) {
	now := k.due()
	want := map[string]bool{}
	for range 50 {
		want[k.entry(s, now).ID] = true
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	for _, err := range k.race(func(int) error {
		for range 50 {
			list, err := s.ClaimMessages(k.Context(), now, time.Minute, 3)
			if err != nil {
				return err
			}
			mu.Lock()
			for _, e := range list {
				claimed[e.ID]++
			}
			done := len(claimed) >= len(want)
			mu.Unlock()
			if done {
				return nil
			}
		}
		return nil
	}) {
		k.ok("ClaimMessages, called many times at once,", err)
	}
	for id := range want {
		if claimed[id] != 1 {
			k.Errorf("ClaimMessages returned an entry %d times; the contract: of several concurrent calls exactly one returns each entry", claimed[id])
			break
		}
	}
	for id := range claimed {
		k.ok("DeleteMessage", s.DeleteMessage(k.Context(), id))
	}
}

func outboxBacklog(k *kit, s notify.Store) {
	backlog := func() notify.Backlog {
		b, err := s.Backlog(k.Context())
		k.ok("Backlog", err)
		b.Oldest, b.OldestEvent = b.Oldest.UTC(), b.OldestEvent.UTC()
		return b
	}
	const contract = "it counts the messages that wait or are being sent, without decoys, and the events, and returns when the oldest of each was created"
	k.same("Backlog of an empty store", backlog(), notify.Backlog{}, contract)
	now := k.due()
	young, old := k.entry(s, now), k.entry(s, now)
	k.dropAll(s, []notify.Entry{old})
	old.CreatedAt = old.CreatedAt.Add(-time.Hour)
	decoy := old
	decoy.ID, decoy.Channel, decoy.CreatedAt = k.id(), notify.ChannelDecoy, old.CreatedAt.Add(-time.Hour)
	hook := decoy
	hook.ID, hook.Channel = k.id(), notify.ChannelWebhook
	late := hook
	late.ID, late.CreatedAt = k.id(), hook.CreatedAt.Add(time.Hour)
	for _, e := range []notify.Entry{old, decoy, hook, late} {
		k.ok("EnqueueMessage", s.EnqueueMessage(k.Context(), e))
	}
	k.same("Backlog", backlog(), notify.Backlog{Messages: 2, Oldest: old.CreatedAt, Events: 2, OldestEvent: hook.CreatedAt}, contract)
	k.claim(s, now, 10)
	k.same("Backlog while the messages are sent", backlog(), notify.Backlog{Messages: 2, Oldest: old.CreatedAt, Events: 2, OldestEvent: hook.CreatedAt}, contract)
	k.dropAll(s, []notify.Entry{old, decoy, hook, late})
	k.same("Backlog after a delivery", backlog(), notify.Backlog{Messages: 1, Oldest: young.CreatedAt}, contract)
	k.dropAll(s, []notify.Entry{young})
}

func outboxReschedule(k *kit, s notify.Store) {
	now := k.due()
	e := k.entry(s, now)
	other := k.entry(s, now)
	k.ok("RescheduleMessage", s.RescheduleMessage(k.Context(), e.ID, now.Add(time.Second)))
	k.ok("DeleteMessage", s.DeleteMessage(k.Context(), other.ID))
	k.same("number of entries due after one was rescheduled and one deleted", len(k.claim(s, now, 10)), 0, "a rescheduled entry is due at its new time, a deleted one is not returned")
	later := k.claim(s, now.Add(time.Second), 10)
	k.same("number of entries due at the new time", len(later), 1, "RescheduleMessage sets the NotBefore of an entry")
	k.dropAll(s, later)
	for _, id := range []string{e.ID, k.id(), ""} {
		k.ok("RescheduleMessage of a missing entry", s.RescheduleMessage(k.Context(), id, now))
		k.ok("DeleteMessage of a missing entry", s.DeleteMessage(k.Context(), id))
	}
	k.same("number of entries after all were deleted", len(k.claim(s, now.Add(time.Hour), 10)), 0, "rescheduling never creates")
}

func outboxCancelled(k *kit, s notify.Store) {
	now := k.due()
	e := k.entry(s, now)
	k.cancelled("EnqueueMessage", func(ctx context.Context) error {
		fresh := e
		fresh.ID = k.id()
		return s.EnqueueMessage(ctx, fresh)
	})
	k.cancelled("ClaimMessages", func(ctx context.Context) error {
		_, err := s.ClaimMessages(ctx, now, time.Minute, 1)
		return err
	})
	k.cancelled("RescheduleMessage", func(ctx context.Context) error { return s.RescheduleMessage(ctx, e.ID, now) })
	k.cancelled("Backlog", func(ctx context.Context) error {
		_, err := s.Backlog(ctx)
		return err
	})
	k.cancelled("DeleteMessage", func(ctx context.Context) error { return s.DeleteMessage(ctx, e.ID) })
	list := k.claim(s, now, 10)
	k.same("entries after cancelled calls", fmt.Sprint(len(list)), "1", "a cancelled context leaves nothing behind")
	k.dropAll(s, list)
}
