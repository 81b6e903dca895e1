package memstore

import (
	"bytes"
	"context"

	"github.com/allauth-go/allauth/authn"
)

const (
	challengesByID = iota
	challengesByUser
	challengesByExpiry
)

func newChallenges() table[authn.Challenge] {
	return newTable(func(c authn.Challenge) authn.Challenge {
		c.Hash, c.Data = bytes.Clone(c.Hash), bytes.Clone(c.Data)
		return c
	}, 1,
		func(c *authn.Challenge) key { return key{text: c.ID} },
		func(c *authn.Challenge) key { return key{text: c.UserID, tie: c.ID} },
		func(c *authn.Challenge) key { return timeKey(c.ExpiresAt, c.ID) })
}

// CreateChallenge implements authn.ChallengeStore.
func (s *Store) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	return s.write(ctx, func(tx *snapshot) error { return tx.challenges.add(c) })
}

// ChallengeByID implements authn.ChallengeStore.
func (s *Store) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	return read(ctx, s, func(now *snapshot) (*authn.Challenge, error) {
		return now.challenges.load(challengesByID, key{text: id})
	})
}

// CountAttempt implements authn.ChallengeStore.
func (s *Store) CountAttempt(ctx context.Context, id string) (*authn.Challenge, error) {
	var counted *authn.Challenge
	err := s.write(ctx, func(tx *snapshot) error {
		return tx.challenges.change(key{text: id}, func(c *authn.Challenge) error {
			if c.Attempts >= c.MaxAttempts {
				return authn.ErrNotFound
			}
			c.Attempts++
			counted = c
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return counted, nil
}

// RefundAttempt implements authn.ChallengeStore.
func (s *Store) RefundAttempt(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *snapshot) error {
		if c, err := tx.challenges.load(challengesByID, key{text: id}); err == nil && c.Attempts > 0 {
			c.Attempts--
			tx.challenges.put(*c)
		}
		return nil
	})
}

// ReplaceChallenge implements authn.ChallengeStore.
func (s *Store) ReplaceChallenge(ctx context.Context, c authn.Challenge, oldHash []byte) error {
	return s.write(ctx, func(tx *snapshot) error {
		return tx.challenges.change(key{text: c.ID}, func(stored *authn.Challenge) error {
			if !bytes.Equal(stored.Hash, oldHash) {
				return authn.ErrConflict
			}
			c.Purpose, c.Attempts, c.MaxAttempts, c.CreatedAt = stored.Purpose, stored.Attempts, stored.MaxAttempts, stored.CreatedAt
			*stored = c
			return nil
		})
	})
}

// ConsumeChallenge implements authn.ChallengeStore.
func (s *Store) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	return s.write(ctx, func(tx *snapshot) error {
		c := tx.challenges.get(challengesByID, key{text: id})
		if c == nil || !bytes.Equal(c.Hash, hash) {
			return authn.ErrNotFound
		}
		tx.challenges.remove(c)
		return nil
	})
}

// DeleteChallenge implements authn.ChallengeStore.
func (s *Store) DeleteChallenge(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *snapshot) error {
		tx.challenges.removeAll(challengesByID, id)
		return nil
	})
}

// DeleteUserChallenges implements authn.ChallengeStore.
func (s *Store) DeleteUserChallenges(ctx context.Context, purpose, userID string) error {
	return s.write(ctx, func(tx *snapshot) error {
		for c := range tx.challenges.all(challengesByUser, userID) {
			if purpose == "" || c.Purpose == purpose {
				tx.challenges.remove(c)
			}
		}
		return nil
	})
}

// ChallengesInTx implements authn.ChallengeStore.
func (s *Store) ChallengesInTx() bool { return true }
