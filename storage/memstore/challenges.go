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
		set(tx, s.challenges, c.ID, cloneChallenge(c))
		return nil
	})
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
		set(tx, s.challenges, c.ID, stored)
		return nil
	})
}

// ConsumeChallenge implements authn.ChallengeStore.
func (s *Store) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	return s.write(ctx, func(tx *transaction) error {
		if c, ok := s.challenges[id]; !ok || !bytes.Equal(c.Hash, hash) {
			return authn.ErrNotFound
		}
		remove(tx, s.challenges, id)
		return nil
	})
}

// DeleteChallenge implements authn.ChallengeStore.
func (s *Store) DeleteChallenge(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *transaction) error {
		remove(tx, s.challenges, id)
		return nil
	})
}

// DeleteUserChallenges implements authn.ChallengeStore.
func (s *Store) DeleteUserChallenges(ctx context.Context, purpose, userID string) error {
	return s.write(ctx, func(tx *transaction) error {
		for id, c := range s.challenges {
			if c.Purpose == purpose && c.UserID == userID {
				remove(tx, s.challenges, id)
			}
		}
		return nil
	})
}
