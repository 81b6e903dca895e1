package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Challenges checks an authn.ChallengeStore.
func Challenges(t *testing.T, open func(t *testing.T) authn.ChallengeStore) {
	t.Helper()
	run(t, open, challengeChecks)
}

var challengeChecks = []check[authn.ChallengeStore]{
	{"a challenge is returned as it was stored", challengeStored},
	{"a missing challenge is ErrNotFound", challengeMissing},
	{"a used id is ErrConflict", challengeTaken},
	{"ids are compared exactly", challengeExact},
	{"attempts are counted up to the last", challengeAttempts},
	{"no more than MaxAttempts of many succeed", challengeAttemptsRace},
	{"a refund lowers the count, not below zero", challengeRefund},
	{"a replacement needs the stored hash", challengeReplace},
	{"one of many replacements wins", challengeReplaceRace},
	{"consuming needs the stored hash", challengeConsume},
	{"one of many consumers wins", challengeConsumeRace},
	{"deleting one twice is no error", challengeDelete},
	{"a user's challenges of one purpose are deleted", challengeDeleteUser},
	{"returned challenges are copies", challengeCopies},
	{"a cancelled context leaves nothing behind", challengeCancelled},
}

func newChallenge(k *kit) authn.Challenge {
	return authn.Challenge{
		ID: k.id(), Purpose: "purpose", UserID: k.id(), Subject: "ann@example.com", Hash: []byte{0, 1, 255, 'A'}, Data: []byte("{\"a\": 1}\x00"),
		Attempts: 0, MaxAttempts: 3, Resends: 1, Changes: 2, CreatedAt: k.now(0), ExpiresAt: k.now(time.Hour),
	}
}

func stored(k *kit, s authn.ChallengeStore) authn.Challenge {
	k.Helper()
	c := newChallenge(k)
	k.ok("CreateChallenge", s.CreateChallenge(k.Context(), c))
	return c
}

func (k *kit) challenge(s authn.ChallengeStore, id string) authn.Challenge {
	k.Helper()
	c, err := s.ChallengeByID(k.Context(), id)
	k.ok("ChallengeByID of a stored row", err)
	return utcChallenge(*c)
}

func utcChallenge(c authn.Challenge) authn.Challenge {
	c.CreatedAt, c.ExpiresAt = c.CreatedAt.UTC(), c.ExpiresAt.UTC()
	if len(c.Data) == 0 {
		c.Data = nil
	}
	return c
}

func challengeStored(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	k.same("ChallengeByID", k.challenge(s, c.ID), c, "it returns what was stored, times to the microsecond")
	plain := authn.Challenge{ID: k.id(), Purpose: "p", Hash: []byte("h"), MaxAttempts: 1, CreatedAt: k.now(0), ExpiresAt: k.now(time.Hour)}
	k.ok("CreateChallenge without a user and data", s.CreateChallenge(k.Context(), plain))
	k.same("ChallengeByID", k.challenge(s, plain.ID), plain, "it returns what was stored")
}

func challengeMissing(k *kit, s authn.ChallengeStore) {
	ctx, contract := k.Context(), "ErrNotFound if there is none"
	for _, id := range []string{k.id(), "", "a\x00b"} {
		_, err := s.ChallengeByID(ctx, id)
		k.fails("ChallengeByID of an id that does not exist", err, authn.ErrNotFound, contract)
		_, err = s.CountAttempt(ctx, id)
		k.fails("CountAttempt of an id that does not exist", err, authn.ErrNotFound, contract)
		k.fails("ConsumeChallenge of an id that does not exist", s.ConsumeChallenge(ctx, id, []byte("h")), authn.ErrNotFound, contract)
		k.ok("RefundAttempt of an id that does not exist", s.RefundAttempt(ctx, id))
		k.ok("DeleteChallenge of an id that does not exist", s.DeleteChallenge(ctx, id))
	}
	c := newChallenge(k)
	k.fails("ReplaceChallenge of an id that does not exist", s.ReplaceChallenge(ctx, c, c.Hash), authn.ErrNotFound, contract)
	_, err := s.ChallengeByID(ctx, c.ID)
	k.fails("ChallengeByID after ReplaceChallenge of an id that does not exist", err, authn.ErrNotFound, "replacing never creates")
	k.ok("DeleteUserChallenges of a user without challenges", s.DeleteUserChallenges(ctx, "purpose", k.id()))
}

func challengeTaken(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	again := newChallenge(k)
	again.ID = c.ID
	k.fails("CreateChallenge with an id that exists", s.CreateChallenge(k.Context(), again), authn.ErrConflict, "ErrConflict if the ID exists")
	k.same("ChallengeByID after a refused CreateChallenge", k.challenge(s, c.ID), c, "a refused call changes nothing")
	fresh := newChallenge(k)
	k.oneWinner("CreateChallenge", authn.ErrConflict, "ErrConflict if the ID exists", func(int) error {
		return s.CreateChallenge(k.Context(), fresh)
	})
}

func challengeExact(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	for _, id := range []string{swapCase(c.ID), c.ID + " "} {
		_, err := s.ChallengeByID(k.Context(), id)
		k.fails("ChallengeByID of an id that differs in case or a trailing space", err, authn.ErrNotFound, "ids are compared exactly")
		k.ok("DeleteChallenge", s.DeleteChallenge(k.Context(), id))
		other := newChallenge(k)
		other.ID = id
		k.ok("CreateChallenge of an id that differs in case or a trailing space", s.CreateChallenge(k.Context(), other))
	}
	k.same("ChallengeByID", k.challenge(s, c.ID), c, "ids are compared exactly")
}

func challengeAttempts(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	for i := 1; i <= c.MaxAttempts; i++ {
		counted, err := s.CountAttempt(k.Context(), c.ID)
		k.ok("CountAttempt", err)
		c.Attempts = i
		k.same("CountAttempt", utcChallenge(*counted), c, "it returns the challenge with the new count")
	}
	_, err := s.CountAttempt(k.Context(), c.ID)
	k.fails("CountAttempt after MaxAttempts", err, authn.ErrNotFound, "ErrNotFound if Attempts has reached MaxAttempts")
	k.same("ChallengeByID after MaxAttempts", k.challenge(s, c.ID), c, "a refused attempt changes nothing, and the row stays")
}

func challengeAttemptsRace(k *kit, s authn.ChallengeStore) {
	c := newChallenge(k)
	c.MaxAttempts = 5
	k.ok("CreateChallenge", s.CreateChallenge(k.Context(), c))
	counts := make([]int, callers)
	k.winners("CountAttempt", c.MaxAttempts, authn.ErrNotFound, "of any number of concurrent calls at most MaxAttempts succeed", func(i int) error {
		counted, err := s.CountAttempt(k.Context(), c.ID)
		if err == nil {
			counts[i] = counted.Attempts
		}
		return err
	})
	seen := map[int]bool{}
	for _, n := range counts {
		if n != 0 && seen[n] {
			k.Errorf("CountAttempt returned the count %d to two callers; the contract: each gets its own count", n)
			return
		}
		seen[n] = true
	}
}

func challengeRefund(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	k.ok("RefundAttempt without attempts", s.RefundAttempt(k.Context(), c.ID))
	k.same("ChallengeByID after a refund without attempts", k.challenge(s, c.ID).Attempts, 0, "the count stays zero")
	for range 2 {
		_, err := s.CountAttempt(k.Context(), c.ID)
		k.ok("CountAttempt", err)
	}
	k.ok("RefundAttempt", s.RefundAttempt(k.Context(), c.ID))
	k.same("ChallengeByID after two attempts and a refund", k.challenge(s, c.ID).Attempts, 1, "a refund subtracts one from Attempts")
}

func challengeReplace(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	_, err := s.CountAttempt(k.Context(), c.ID)
	k.ok("CountAttempt", err)
	next := authn.Challenge{
		ID: c.ID, Purpose: "other", UserID: k.id(), Subject: "eve@example.com", Hash: []byte("new"), Data: []byte("new data"),
		Attempts: 99, MaxAttempts: 99, Resends: 7, Changes: 8, CreatedAt: k.now(time.Minute), ExpiresAt: k.now(2 * time.Hour),
	}
	k.fails("ReplaceChallenge with another old hash", s.ReplaceChallenge(k.Context(), next, []byte("wrong")), authn.ErrConflict, "ErrConflict unless the stored Hash equals oldHash")
	k.ok("ReplaceChallenge", s.ReplaceChallenge(k.Context(), next, c.Hash))
	want := next
	want.Purpose, want.Attempts, want.MaxAttempts, want.CreatedAt = c.Purpose, 1, c.MaxAttempts, c.CreatedAt
	k.same("ChallengeByID after ReplaceChallenge", k.challenge(s, c.ID), want, "UserID, Subject, Hash, Data, Resends, Changes and ExpiresAt are overwritten, nothing else")
	k.ok("ReplaceChallenge by the same values", s.ReplaceChallenge(k.Context(), next, next.Hash))
	k.ok("DeleteUserChallenges", s.DeleteUserChallenges(k.Context(), c.Purpose, c.UserID))
	k.same("ChallengeByID after the former user's were deleted", k.challenge(s, c.ID), want, "the challenge belongs to its new user")
	k.ok("DeleteUserChallenges", s.DeleteUserChallenges(k.Context(), c.Purpose, next.UserID))
	_, err = s.ChallengeByID(k.Context(), c.ID)
	k.fails("ChallengeByID after the new user's were deleted", err, authn.ErrNotFound, "the challenge belongs to its new user")
}

func challengeReplaceRace(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	k.oneWinner("ReplaceChallenge", authn.ErrConflict, "it is stored if the stored Hash equals oldHash", func(i int) error {
		next := c
		next.Hash = []byte{byte(i), 'n'}
		return s.ReplaceChallenge(k.Context(), next, c.Hash)
	})
}

func challengeConsume(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	k.fails("ConsumeChallenge with another hash", s.ConsumeChallenge(k.Context(), c.ID, []byte("wrong")), authn.ErrNotFound, "it deletes the challenge if its stored Hash equals hash")
	k.same("ChallengeByID after a refused ConsumeChallenge", k.challenge(s, c.ID), c, "a refused call changes nothing")
	k.ok("ConsumeChallenge", s.ConsumeChallenge(k.Context(), c.ID, c.Hash))
	k.fails("ConsumeChallenge a second time", s.ConsumeChallenge(k.Context(), c.ID, c.Hash), authn.ErrNotFound, "one call returns nil, the others ErrNotFound")
	_, err := s.ChallengeByID(k.Context(), c.ID)
	k.fails("ChallengeByID after ConsumeChallenge", err, authn.ErrNotFound, "consuming deletes the row")
}

func challengeConsumeRace(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	k.oneWinner("ConsumeChallenge", authn.ErrNotFound, "of any number of concurrent calls exactly one returns nil", func(int) error {
		return s.ConsumeChallenge(k.Context(), c.ID, c.Hash)
	})
}

func challengeDelete(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	for range 2 {
		k.ok("DeleteChallenge", s.DeleteChallenge(k.Context(), c.ID))
	}
	_, err := s.ChallengeByID(k.Context(), c.ID)
	k.fails("ChallengeByID after DeleteChallenge", err, authn.ErrNotFound, "the challenge is deleted")
}

func challengeDeleteUser(k *kit, s authn.ChallengeStore) {
	first, second, otherPurpose, otherUser := newChallenge(k), newChallenge(k), newChallenge(k), newChallenge(k)
	second.UserID, otherPurpose.UserID, otherPurpose.Purpose = first.UserID, first.UserID, "other"
	otherUser.UserID = swapCase(first.UserID)
	for _, c := range []authn.Challenge{first, second, otherPurpose, otherUser} {
		k.ok("CreateChallenge", s.CreateChallenge(k.Context(), c))
	}
	k.ok("DeleteUserChallenges", s.DeleteUserChallenges(k.Context(), "purpose", first.UserID))
	for _, c := range []authn.Challenge{first, second} {
		_, err := s.ChallengeByID(k.Context(), c.ID)
		k.fails("ChallengeByID after DeleteUserChallenges", err, authn.ErrNotFound, "every challenge of that purpose and user is deleted")
	}
	for _, c := range []authn.Challenge{otherPurpose, otherUser} {
		k.same("ChallengeByID of another purpose or user after DeleteUserChallenges", k.challenge(s, c.ID), c, "others stay")
	}
	k.ok("DeleteUserChallenges of every purpose", s.DeleteUserChallenges(k.Context(), "", first.UserID))
	_, err := s.ChallengeByID(k.Context(), otherPurpose.ID)
	k.fails("ChallengeByID after DeleteUserChallenges of every purpose", err, authn.ErrNotFound, "an empty purpose stands for every purpose")
	k.same("ChallengeByID of another user after DeleteUserChallenges of every purpose", k.challenge(s, otherUser.ID), otherUser, "others stay")
}

func challengeCopies(k *kit, s authn.ChallengeStore) {
	c := stored(k, s)
	want := utcChallenge(k.challenge(s, c.ID))
	given := newChallenge(k)
	k.ok("CreateChallenge", s.CreateChallenge(k.Context(), given))
	wantGiven := k.challenge(s, given.ID)
	wantGiven.Hash, wantGiven.Data = append([]byte{}, wantGiven.Hash...), append([]byte{}, wantGiven.Data...)
	given.Hash[0], given.Data[0] = 'X', 'X'
	k.same("ChallengeByID after the caller changed what it stored", k.challenge(s, given.ID), wantGiven, "the store keeps copies")
	want.Hash, want.Data = append([]byte{}, want.Hash...), append([]byte{}, want.Data...)
	got := k.challenge(s, c.ID)
	got.Hash[0], got.Data[0] = 'X', 'X'
	k.same("ChallengeByID after the caller changed what it got", k.challenge(s, c.ID), want, "returned values are copies")
}

func challengeCancelled(k *kit, s authn.ChallengeStore) {
	c, fresh := stored(k, s), newChallenge(k)
	k.cancelled("CreateChallenge", func(ctx context.Context) error { return s.CreateChallenge(ctx, fresh) })
	_, err := s.ChallengeByID(k.Context(), fresh.ID)
	k.fails("ChallengeByID after a cancelled CreateChallenge", err, authn.ErrNotFound, "a cancelled context leaves nothing behind")
	k.cancelled("ChallengeByID", func(ctx context.Context) error {
		_, err := s.ChallengeByID(ctx, c.ID)
		return err
	})
	k.cancelled("CountAttempt", func(ctx context.Context) error {
		_, err := s.CountAttempt(ctx, c.ID)
		return err
	})
	k.cancelled("ReplaceChallenge", func(ctx context.Context) error {
		next := fresh
		next.ID = c.ID
		return s.ReplaceChallenge(ctx, next, c.Hash)
	})
	k.cancelled("ConsumeChallenge", func(ctx context.Context) error { return s.ConsumeChallenge(ctx, c.ID, c.Hash) })
	k.cancelled("DeleteChallenge", func(ctx context.Context) error { return s.DeleteChallenge(ctx, c.ID) })
	k.cancelled("DeleteUserChallenges", func(ctx context.Context) error { return s.DeleteUserChallenges(ctx, c.Purpose, c.UserID) })
	k.same("ChallengeByID after cancelled calls", k.challenge(s, c.ID), c, "a cancelled context leaves nothing behind")
}
