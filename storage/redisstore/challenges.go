package redisstore

import (
	"cmp"
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/authn"
)

// A challenge is a hash. The ids of a user's challenges are in a sorted set, the
// list. An id is added to the list before its challenge is stored, so that a
// crash in between leaves an id without a challenge, and never a challenge that
// DeleteUserChallenges does not find. Ids stay in the list until their time is
// up. A challenge that was given to another user is in the lists of both; the
// user in the hash counts.

var (
	countAttempt = redis.NewScript(`
local counts = redis.call('HMGET', KEYS[1], 'attempts', 'max_attempts')
if not counts[1] or tonumber(counts[1]) >= tonumber(counts[2]) then return {} end
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
return redis.call('HGETALL', KEYS[1])`)

	refundAttempt = redis.NewScript(`
local attempts = redis.call('HGET', KEYS[1], 'attempts')
if attempts and tonumber(attempts) > 0 then redis.call('HINCRBY', KEYS[1], 'attempts', -1) end
return 1`)

	replaceChallenge = redis.NewScript(`
local old, expires, grace = ARGV[1], ARGV[2], ARGV[3]
local stored = redis.call('HMGET', KEYS[1], 'hash', 'created')
if not stored[1] then return 0 end
if stored[1] ~= old then return -1 end
redis.call('HSET', KEYS[1], 'expires', expires, unpack(ARGV, 4))
redis.call('PEXPIRE', KEYS[1], math.max(math.ceil((tonumber(expires) - tonumber(stored[2])) / 1000), 0) + grace)
return 1`)
)

func (s *Store) challengeKey(id string) string { return s.key("challenge", id) }

// linkChallenge adds a challenge to the list of its user. A challenge without a
// user gets a list of its own, so that the time does not tell whether there is a
// user.
func (s *Store) linkChallenge(ctx context.Context, what string, c authn.Challenge) error {
	return s.change(ctx, what, s.link("challenges", cmp.Or(c.UserID, c.ID), c.ID, c.CreatedAt, c.ExpiresAt))
}

// CreateChallenge implements authn.ChallengeStore.
func (s *Store) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	const what = "create challenge"
	if err := s.linkChallenge(ctx, what, c); err != nil {
		return err
	}
	return s.change(ctx, what, create(s.challengeKey(c.ID), lifetime(c.CreatedAt, c.ExpiresAt),
		"user", c.UserID, "purpose", c.Purpose, "subject", c.Subject, "hash", c.Hash, "data", c.Data,
		"attempts", c.Attempts, "max_attempts", c.MaxAttempts, "resends", c.Resends, "changes", c.Changes,
		"created", micros(c.CreatedAt), "expires", micros(c.ExpiresAt)))
}

// ChallengeByID implements authn.ChallengeStore.
func (s *Store) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	rows, err := s.load(ctx, "load challenge", []string{s.challengeKey(id)})
	if err != nil {
		return nil, err
	}
	return readChallenge(id, rows[0])
}

// CountAttempt implements authn.ChallengeStore.
func (s *Store) CountAttempt(ctx context.Context, id string) (*authn.Challenge, error) {
	result, err := s.run(ctx, "count attempt", step{script: countAttempt, key: s.challengeKey(id)})
	if err != nil {
		return nil, err
	}
	list, err := result.StringSlice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: count attempt: %w", err)
	}
	f := fields{}
	for i := 0; i+1 < len(list); i += 2 {
		f[list[i]] = list[i+1]
	}
	return readChallenge(id, f)
}

func readChallenge(id string, f fields) (*authn.Challenge, error) {
	if len(f) == 0 {
		return nil, authn.ErrNotFound
	}
	return &authn.Challenge{
		ID: id, Purpose: f["purpose"], UserID: f["user"], Subject: f["subject"], Hash: f.bytes("hash"), Data: f.bytes("data"),
		Attempts: f.number("attempts"), MaxAttempts: f.number("max_attempts"), Resends: f.number("resends"), Changes: f.number("changes"),
		CreatedAt: f.time("created"), ExpiresAt: f.time("expires"),
	}, nil
}

// RefundAttempt implements authn.ChallengeStore.
func (s *Store) RefundAttempt(ctx context.Context, id string) error {
	return s.change(ctx, "refund attempt", step{script: refundAttempt, key: s.challengeKey(id)})
}

// ReplaceChallenge implements authn.ChallengeStore.
func (s *Store) ReplaceChallenge(ctx context.Context, c authn.Challenge, oldHash []byte) error {
	const what = "replace challenge"
	if err := s.linkChallenge(ctx, what, c); err != nil {
		return err
	}
	return s.change(ctx, what, step{replaceChallenge, s.challengeKey(c.ID), []any{oldHash, micros(c.ExpiresAt), grace.Milliseconds(),
		"user", c.UserID, "subject", c.Subject, "hash", c.Hash, "data", c.Data, "resends", c.Resends, "changes", c.Changes}})
}

// ConsumeChallenge implements authn.ChallengeStore.
func (s *Store) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	return s.change(ctx, "consume challenge", remove(s.challengeKey(id), "hash", hash))
}

// DeleteChallenge implements authn.ChallengeStore.
func (s *Store) DeleteChallenge(ctx context.Context, id string) error {
	return ignoreMissing(s.change(ctx, "delete challenge", remove(s.challengeKey(id))))
}

// DeleteUserChallenges implements authn.ChallengeStore.
func (s *Store) DeleteUserChallenges(ctx context.Context, purpose, userID string) error {
	const what = "delete challenges"
	ids, err := s.linked(ctx, what, "challenges", userID)
	if err != nil || len(ids) == 0 {
		return err
	}
	these := []any{"user", userID}
	if purpose != "" {
		these = append(these, "purpose", purpose)
	}
	steps := make([]step, len(ids))
	for i, id := range ids {
		steps[i] = remove(s.challengeKey(id), these...)
	}
	results, err := s.runAll(ctx, what, steps...)
	if err != nil {
		return err
	}
	var gone []any
	for i, result := range results {
		if answer(result) == done {
			gone = append(gone, ids[i])
		}
	}
	return s.unlink(ctx, what, "challenges", userID, gone)
}

// ChallengesInTx implements authn.ChallengeStore.
func (s *Store) ChallengesInTx() bool { return false }
