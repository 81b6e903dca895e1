package sqlstore

import (
	"bytes"
	"context"

	"github.com/allauth-go/allauth/authn"
)

const challengeColumns = `id, purpose, user_id, subject, hash, data, attempts, max_attempts, resends, changes, created_at, expires_at`

// CreateChallenge implements authn.ChallengeStore.
func (s *Store) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	return s.insert(ctx, "create challenge", `{challenges} (`+challengeColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Purpose, c.UserID, c.Subject, c.Hash, c.Data, c.Attempts, c.MaxAttempts, c.Resends, c.Changes,
		micros(c.CreatedAt), micros(c.ExpiresAt))
}

// ChallengeByID implements authn.ChallengeStore.
func (s *Store) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	return s.challenge(ctx, "load challenge", `SELECT `+challengeColumns+` FROM {challenges} WHERE id = ?`, id)
}

func (s *Store) challenge(ctx context.Context, what, query, id string) (*authn.Challenge, error) {
	var c authn.Challenge
	var created, expires int64
	err := s.row(ctx, what, query, []any{id},
		&c.ID, &c.Purpose, &c.UserID, &c.Subject, &c.Hash, &c.Data, &c.Attempts, &c.MaxAttempts, &c.Resends, &c.Changes, &created, &expires)
	if err != nil {
		return nil, err
	}
	c.CreatedAt, c.ExpiresAt = fromMicros(created), fromMicros(expires)
	return &c, nil
}

// CountAttempt implements authn.ChallengeStore.
func (s *Store) CountAttempt(ctx context.Context, id string) (*authn.Challenge, error) {
	const count = `UPDATE {challenges} SET attempts = attempts + 1 WHERE id = ? AND attempts < max_attempts`
	if s.dialect.returning {
		return s.challenge(ctx, "count attempt", count+` RETURNING `+challengeColumns, id)
	}
	var counted *authn.Challenge
	err := s.atomically(ctx, func(ctx context.Context) error {
		err := s.execOne(ctx, "count attempt", authn.ErrNotFound, count, id)
		if err == nil {
			counted, err = s.ChallengeByID(ctx, id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return counted, nil
}

// RefundAttempt implements authn.ChallengeStore.
func (s *Store) RefundAttempt(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "refund attempt", `UPDATE {challenges} SET attempts = attempts - 1 WHERE id = ? AND attempts > 0`, id)
	return err
}

// ReplaceChallenge implements authn.ChallengeStore.
func (s *Store) ReplaceChallenge(ctx context.Context, c authn.Challenge, oldHash []byte) error {
	n, err := s.exec(ctx, "replace challenge",
		`UPDATE {challenges} SET user_id = ?, subject = ?, hash = ?, data = ?, resends = ?, changes = ?, expires_at = ? WHERE id = ? AND hash = ?`,
		c.UserID, c.Subject, c.Hash, c.Data, c.Resends, c.Changes, micros(c.ExpiresAt), c.ID, oldHash)
	if err != nil || n > 0 {
		return err
	}
	stored, err := s.ChallengeByID(ctx, c.ID)
	if err != nil {
		return err
	}
	if bytes.Equal(c.Hash, oldHash) && bytes.Equal(stored.Hash, oldHash) {
		return nil // the row was up to date, and MySQL does not count it
	}
	return authn.ErrConflict
}

// ConsumeChallenge implements authn.ChallengeStore.
func (s *Store) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	return s.execOne(ctx, "consume challenge", authn.ErrNotFound, `DELETE FROM {challenges} WHERE id = ? AND hash = ?`, id, hash)
}

// DeleteChallenge implements authn.ChallengeStore.
func (s *Store) DeleteChallenge(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "delete challenge", `DELETE FROM {challenges} WHERE id = ?`, id)
	return err
}

// DeleteUserChallenges implements authn.ChallengeStore.
func (s *Store) DeleteUserChallenges(ctx context.Context, purpose, userID string) error {
	if purpose == "" {
		_, err := s.exec(ctx, "delete challenges", `DELETE FROM {challenges} WHERE user_id = ?`, userID)
		return err
	}
	_, err := s.exec(ctx, "delete challenges", `DELETE FROM {challenges} WHERE user_id = ? AND purpose = ?`, userID, purpose)
	return err
}

// ChallengesInTx implements authn.ChallengeStore.
func (s *Store) ChallengesInTx() bool { return true }
