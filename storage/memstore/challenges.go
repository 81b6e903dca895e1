package memstore

import (
	"bytes"
	"context"

	"github.com/allauth-go/allauth/authn"
)

// CreateChallenge implements authn.ChallengeStore.
func (s *Store) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, exists := s.challenges[c.ID]; exists {
			return authn.ErrConflict
		}
		s.putChallenge(tx, cloneChallenge(c))
		return nil
	})
}

// challengeOwner is what a user's challenges of one purpose are found by.
type challengeOwner struct{ purpose, userID string }

// putChallenge stores a challenge, and notes whose it is.
func (s *Store) putChallenge(tx *transaction, c authn.Challenge) {
	s.dropChallenge(tx, c.ID)
	set(tx, s.challenges, c.ID, c)
	if c.UserID == "" {
		return
	}
	owner := challengeOwner{c.Purpose, c.UserID}
	if s.challengeOwners[owner] == nil {
		set(tx, s.challengeOwners, owner, map[string]bool{})
	}
	set(tx, s.challengeOwners[owner], c.ID, true)
}

// dropChallenge deletes a challenge if it is there.
func (s *Store) dropChallenge(tx *transaction, id string) {
	c := s.challenges[id]
	remove(tx, s.challenges, id)
	owner := challengeOwner{c.Purpose, c.UserID}
	if ids := s.challengeOwners[owner]; ids != nil {
		remove(tx, ids, id)
		if len(ids) == 0 {
			remove(tx, s.challengeOwners, owner)
		}
	}
}

func cloneChallenge(c authn.Challenge) authn.Challenge {
	c.Hash, c.Data = bytes.Clone(c.Hash), bytes.Clone(c.Data)
	return c
}

// ChallengeByID implements authn.ChallengeStore.
func (s *Store) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	var found authn.Challenge
	err := s.read(ctx, func() error {
		c, ok := s.challenges[id]
		if !ok {
			return authn.ErrNotFound
		}
		found = cloneChallenge(c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// CountAttempt implements authn.ChallengeStore.
func (s *Store) CountAttempt(ctx context.Context, id string) (*authn.Challenge, error) {
	var counted authn.Challenge
	err := s.write(ctx, func(tx *transaction) error {
		c, ok := s.challenges[id]
		if !ok || c.Attempts >= c.MaxAttempts {
			return authn.ErrNotFound
		}
		c.Attempts++
		set(tx, s.challenges, id, c)
		counted = cloneChallenge(c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &counted, nil
}

// RefundAttempt implements authn.ChallengeStore.
func (s *Store) RefundAttempt(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *transaction) error {
		if c, ok := s.challenges[id]; ok && c.Attempts > 0 {
			c.Attempts--
			set(tx, s.challenges, id, c)
		}
		return nil
	})
}

// ReplaceChallenge implements authn.ChallengeStore.
func (s *Store) ReplaceChallenge(ctx context.Context, c authn.Challenge, oldHash []byte) error {
	return s.write(ctx, func(tx *transaction) error {
		stored, ok := s.challenges[c.ID]
		if !ok {
			return authn.ErrNotFound
		}
		if !bytes.Equal(stored.Hash, oldHash) {
			return authn.ErrConflict
		}
		c = cloneChallenge(c)
		stored.UserID, stored.Subject, stored.Hash, stored.Data = c.UserID, c.Subject, c.Hash, c.Data
		stored.Resends, stored.Changes, stored.ExpiresAt = c.Resends, c.Changes, c.ExpiresAt
		s.putChallenge(tx, stored)
		return nil
	})
}

// ConsumeChallenge implements authn.ChallengeStore.
func (s *Store) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	return s.write(ctx, func(tx *transaction) error {
		if c, ok := s.challenges[id]; !ok || !bytes.Equal(c.Hash, hash) {
			return authn.ErrNotFound
		}
		s.dropChallenge(tx, id)
		return nil
	})
}

// DeleteChallenge implements authn.ChallengeStore.
func (s *Store) DeleteChallenge(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *transaction) error {
		s.dropChallenge(tx, id)
		return nil
	})
}

// DeleteUserChallenges implements authn.ChallengeStore.
func (s *Store) DeleteUserChallenges(ctx context.Context, purpose, userID string) error {
	return s.write(ctx, func(tx *transaction) error {
		if purpose == "" {
			s.dropUserChallenges(tx, userID)
			return nil
		}
		for id := range s.challengeOwners[challengeOwner{purpose, userID}] {
			s.dropChallenge(tx, id)
		}
		return nil
	})
}

// dropUserChallenges deletes the user's challenges of every purpose.
func (s *Store) dropUserChallenges(tx *transaction, userID string) {
	for id, c := range s.challenges {
		if c.UserID == userID {
			s.dropChallenge(tx, id)
		}
	}
}
