package codes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/typedcode"
	"github.com/allauth-go/allauth/internal/work"
)

// Challenges issues one-time secrets and checks them. It is safe for concurrent
// use.
type Challenges struct {
	Store authn.ChallengeStore
	Deps  *work.Deps
}

// Issue stores a challenge for the secret. c holds the purpose, the user, the
// subject, the data, the number of attempts, and the id unless it is to be random;
// the rest is filled in. With an empty secret nothing ever matches.
func (s *Challenges) Issue(ctx context.Context, c authn.Challenge, secret string, lifetime time.Duration) (*authn.Challenge, error) {
	var err error
	if c.ID == "" {
		if c.ID, err = keyring.RandomID(s.Deps.Rand); err != nil {
			return nil, err
		}
	}
	c.CreatedAt = s.Deps.Now()
	c.ExpiresAt = c.CreatedAt.Add(lifetime)
	if c.Hash, err = s.hash(&c, secret); err != nil {
		return nil, err
	}
	if err := s.Store.CreateChallenge(ctx, c); err != nil {
		return nil, fmt.Errorf("create challenge: %w", err)
	}
	return &c, nil
}

// Find returns the challenge, or work.ErrNotPending if it does not exist or has expired.
func (s *Challenges) Find(ctx context.Context, purpose, id string) (*authn.Challenge, error) {
	if id == "" {
		return nil, work.ErrNotPending
	}
	found, err := work.Remember(ctx, challengeKey(id), func(ctx context.Context) (*authn.Challenge, error) {
		return s.Store.ChallengeByID(ctx, id)
	})
	if errors.Is(err, authn.ErrNotFound) {
		return nil, work.ErrNotPending
	}
	if err != nil {
		return nil, err
	}
	c := *found
	if !s.alive(&c, purpose) || c.MaxAttempts > 0 && c.Attempts >= c.MaxAttempts {
		return nil, work.ErrNotPending
	}
	return &c, nil
}

// challengeKey is the key under which a challenge is remembered.
type challengeKey string

// Match compares a secret that cannot be guessed, such as the key of a link, without
// counting an attempt. Returns work.ErrNotPending if there is no such challenge, or if
// the secret is wrong.
func (s *Challenges) Match(ctx context.Context, purpose, id, secret string) (*authn.Challenge, error) {
	c, err := s.Find(ctx, purpose, id)
	if err != nil {
		return nil, err
	}
	if !s.Matches(c, secret) {
		return nil, work.ErrNotPending
	}
	return c, nil
}

// IssueKey is Issue for the key of a link, which it returns.
func (s *Challenges) IssueKey(ctx context.Context, c authn.Challenge, lifetime time.Duration) (string, error) {
	secret, err := keyring.RandomSecret(s.Deps.Rand)
	if err != nil {
		return "", err
	}
	issued, err := s.Issue(ctx, c, secret, lifetime)
	if err != nil {
		return "", err
	}
	return issued.ID + "-" + secret, nil
}

// IsKey reports whether a text has the form of the key of a link.
func (s *Challenges) IsKey(text string) bool {
	id, secret, _ := strings.Cut(text, "-")
	return len(id) == keyring.IDLength && len(secret) == keyring.SecretLength
}

// MatchKey is Match for the key of a link.
func (s *Challenges) MatchKey(ctx context.Context, purpose, key string) (*Pending, error) {
	id, secret, _ := strings.Cut(key, "-")
	c, err := s.Match(ctx, purpose, id, secret)
	return &Pending{Challenge: c, codes: s}, err
}

// Consume deletes the challenge. Returns work.ErrNotPending to all but one of several
// concurrent callers.
func (s *Challenges) Consume(ctx context.Context, c *authn.Challenge) error {
	work.Forget(ctx, challengeKey(c.ID))
	earlier := s.runs(ctx)
	var err error
	if earlier[consumedKey(c.ID)] == nil {
		err = s.Store.ConsumeChallenge(ctx, c.ID, c.Hash)
	}
	if errors.Is(err, authn.ErrNotFound) {
		return work.ErrNotPending
	}
	if err == nil {
		earlier[consumedKey(c.ID)] = true
		work.Note(ctx, consumedKey(c.ID), true)
	}
	return err
}

// Spend consumes a secret that was signed and not stored: it stores that the secret was
// used, until the lifetime has passed. Returns work.ErrNotPending to all but one of
// several callers.
func (s *Challenges) Spend(ctx context.Context, purpose string, secret []byte, lifetime time.Duration) error {
	id := spentID(secret)
	earlier := s.runs(ctx)
	if earlier[consumedKey(id)] != nil {
		return nil
	}
	_, err := s.Issue(ctx, authn.Challenge{ID: id, Purpose: purpose}, "", lifetime)
	if errors.Is(err, authn.ErrConflict) {
		return work.ErrNotPending
	}
	if err == nil {
		earlier[consumedKey(id)] = true
	}
	return err
}

// IsSpent reports whether a secret was consumed by Spend.
func (s *Challenges) IsSpent(ctx context.Context, purpose string, secret []byte) (bool, error) {
	_, err := s.Find(ctx, purpose, spentID(secret))
	if errors.Is(err, work.ErrNotPending) {
		return false, nil
	}
	return err == nil, err
}

// spentID returns the id of the row of a secret that was consumed by Spend.
func spentID(secret []byte) string {
	sum := sha256.Sum256(secret)
	return "spent-" + hex.EncodeToString(sum[:])
}

// runs returns the changes that earlier runs of the transaction made to challenges in
// another store. There are none if challenges are rolled back with the transaction.
func (s *Challenges) runs(ctx context.Context) map[any]any {
	if s.Store.ChallengesInTx() {
		return map[any]any{}
	}
	return work.Runs(ctx)
}

// consumedKey is the key in runs of a consumed challenge or secret.
type consumedKey string

// hashKey is the key in runs of the hash of a reissued challenge.
type hashKey string

// Reissue replaces the secret of the challenge, and stores the changes of the caller in
// c: the user, the subject, the data and the counts. Returns work.ErrNotPending if
// another request consumed or reissued the challenge meanwhile. c keeps the hash of the
// old secret, so that the transaction can run again.
func (s *Challenges) Reissue(ctx context.Context, c *authn.Challenge, secret string) error {
	renewed := *c
	var err error
	if renewed.Hash, err = s.hash(&renewed, secret); err != nil {
		return err
	}
	work.Forget(ctx, challengeKey(c.ID))
	earlier := s.runs(ctx)
	stored := c.Hash
	if hash, ok := earlier[hashKey(c.ID)].([]byte); ok {
		stored = hash
	}
	err = s.Store.ReplaceChallenge(ctx, renewed, stored)
	if errors.Is(err, authn.ErrNotFound) || errors.Is(err, authn.ErrConflict) {
		return work.ErrNotPending
	}
	if err == nil {
		earlier[hashKey(c.ID)] = renewed.Hash
	}
	return err
}

func (s *Challenges) alive(c *authn.Challenge, purpose string) bool {
	return c.Purpose == purpose && !s.Deps.Now().After(c.ExpiresAt)
}

// Matches reports whether the secret is that of the challenge, without counting.
func (s *Challenges) Matches(c *authn.Challenge, secret string) bool {
	shown := typedcode.Normalize(secret)
	ok := s.Deps.Keys.CheckMAC("challenge", c.Hash, []byte(c.ID), []byte(c.Purpose), []byte(shown))
	return ok && shown != ""
}

// hash returns the stored hash of a secret. That of an empty one is random, so that only
// one of several concurrent calls of Reissue succeeds for decoys, too.
func (s *Challenges) hash(c *authn.Challenge, secret string) ([]byte, error) {
	shown := typedcode.Normalize(secret)
	if shown == "" {
		var err error
		if shown, err = keyring.RandomSecret(s.Deps.Rand); err != nil {
			return nil, err
		}
	}
	return s.Deps.Keys.MAC("challenge", []byte(c.ID), []byte(c.Purpose), []byte(shown)), nil
}
