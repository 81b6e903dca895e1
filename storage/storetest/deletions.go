package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/users"
)

// Deletions checks a users.DeletionStore. Each check needs an empty store.
func Deletions(t *testing.T, open func(t *testing.T) users.DeletionStore) {
	t.Helper()
	run(t, open, deletionChecks)
}

var deletionChecks = []check[users.DeletionStore]{
	{"a scheduled deletion is found until it is cancelled", deletionFound},
	{"due deletions are listed in batches", deletionsDue},
	{"one of many requests is stored, and one cancels it", deletionRace},
	{"a cancelled context leaves nothing behind", deletionCancelled},
}

func (k *kit) deletion(offset time.Duration) users.Deletion {
	return users.Deletion{UserID: k.id(), RequestedAt: k.now(0), DueAt: k.now(offset)}
}

func deletionFound(k *kit, s users.DeletionStore) {
	d, other := k.deletion(time.Hour), k.deletion(time.Hour)
	for _, one := range []users.Deletion{d, other} {
		k.ok("ScheduleDeletion", s.ScheduleDeletion(k.Context(), one))
	}
	later := d
	later.DueAt = later.DueAt.Add(time.Hour)
	k.fails("ScheduleDeletion of the same user", s.ScheduleDeletion(k.Context(), later), authn.ErrConflict, "ErrConflict, and the first one stays")
	found, err := s.DeletionByUser(k.Context(), d.UserID)
	k.ok("DeletionByUser", err)
	k.same("DeletionByUser", *found, d, "it returns what was stored")
	k.ok("CancelDeletion", s.CancelDeletion(k.Context(), d.UserID))
	_, err = s.DeletionByUser(k.Context(), d.UserID)
	k.fails("DeletionByUser after CancelDeletion", err, authn.ErrNotFound, "the row is deleted")
	k.fails("CancelDeletion of a missing one", s.CancelDeletion(k.Context(), d.UserID), authn.ErrNotFound, "ErrNotFound")
	found, err = s.DeletionByUser(k.Context(), other.UserID)
	k.ok("DeletionByUser of another user", err)
	k.same("DeletionByUser of another user", *found, other, "other rows stay")
	for _, id := range []string{"", "a\x00b", k.id()} {
		_, err = s.DeletionByUser(k.Context(), id)
		k.fails("DeletionByUser of a user without one", err, authn.ErrNotFound, "ErrNotFound")
	}
}

func deletionsDue(k *kit, s users.DeletionStore) {
	now := k.now(0)
	var want []string
	for i := range 7 {
		d := k.deletion(time.Duration(i-4) * time.Minute)
		k.ok("ScheduleDeletion", s.ScheduleDeletion(k.Context(), d))
		if !d.DueAt.After(now) {
			want = append(want, d.UserID)
		}
	}
	slices.Sort(want)
	var got []string
	for after := ""; ; {
		list, err := s.DueDeletions(k.Context(), now, after, 2)
		k.ok("DueDeletions", err)
		if len(list) > 2 {
			k.Fatalf("DueDeletions with limit 2 returned %d rows", len(list))
		}
		for _, d := range list {
			got = append(got, d.UserID)
		}
		if len(list) < 2 {
			break
		}
		after = got[len(got)-1]
	}
	k.same("DueDeletions", got, want, "those whose DueAt is not after now, ordered by UserID")
}

func deletionRace(k *kit, s users.DeletionStore) {
	d := k.deletion(time.Hour)
	k.oneWinner("ScheduleDeletion", authn.ErrConflict, "a user has one deletion", func(int) error { return s.ScheduleDeletion(k.Context(), d) })
	k.oneWinner("CancelDeletion", authn.ErrNotFound, "it is cancelled once", func(int) error { return s.CancelDeletion(k.Context(), d.UserID) })
}

func deletionCancelled(k *kit, s users.DeletionStore) {
	d := k.deletion(-time.Hour)
	k.cancelled("ScheduleDeletion", func(ctx context.Context) error { return s.ScheduleDeletion(ctx, d) })
	_, err := s.DeletionByUser(k.Context(), d.UserID)
	k.fails("DeletionByUser after a cancelled ScheduleDeletion", err, authn.ErrNotFound, "a cancelled context leaves nothing behind")
	k.ok("ScheduleDeletion", s.ScheduleDeletion(k.Context(), d))
	k.cancelled("CancelDeletion", func(ctx context.Context) error { return s.CancelDeletion(ctx, d.UserID) })
	k.cancelled("DueDeletions", func(ctx context.Context) error {
		_, err := s.DueDeletions(ctx, k.now(0), "", 1)
		return err
	})
	_, err = s.DeletionByUser(k.Context(), d.UserID)
	k.ok("DeletionByUser after a cancelled CancelDeletion", err)
}
