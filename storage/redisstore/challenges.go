package redisstore

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/authn"
)

// A challenge is a hash. The ids of a user's challenges are in a set, which
// lives as long as the longest-lived of them.

const challengeFunctions = `
local function unlink(user, id)
	if user ~= '' then redis.call('SREM', P .. 'challenges:' .. user, id) end
end
local function link(user, id, ttl)
	if user == '' then return end
	local index = P .. 'challenges:' .. user
	for _, other in ipairs(redis.call('SMEMBERS', index)) do
		if redis.call('EXISTS', P .. 'challenge:' .. other) == 0 then redis.call('SREM', index, other) end
	end
	redis.call('SADD', index, id)
	redis.call('PEXPIRE', index, math.max(redis.call('PTTL', index), ttl))
end
local function drop(id)
	local key = P .. 'challenge:' .. id
	local user = redis.call('HGET', key, 'user')
	if not user then return 0 end
	unlink(user, id)
	redis.call('DEL', key)
	return 1
end
`

func challengeScript(text string) *redis.Script { return script(challengeFunctions + text) }

var (
	createChallenge = challengeScript(`
local id, user, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
local key = P .. 'challenge:' .. id
if redis.call('EXISTS', key) == 1 then return -1 end
redis.call('HSET', key, 'user', user, unpack(ARGV, 4))
redis.call('PEXPIRE', key, ttl)
link(user, id, ttl)
return 1`)

	loadChallenge = challengeScript(`return redis.call('HGETALL', P .. 'challenge:' .. ARGV[1])`)

	countAttempt = challengeScript(`
local key = P .. 'challenge:' .. ARGV[1]
local counts = redis.call('HMGET', key, 'attempts', 'max_attempts')
if not counts[1] or tonumber(counts[1]) >= tonumber(counts[2]) then return {} end
redis.call('HINCRBY', key, 'attempts', 1)
return redis.call('HGETALL', key)`)

	refundAttempt = challengeScript(`
local key = P .. 'challenge:' .. ARGV[1]
local attempts = redis.call('HGET', key, 'attempts')
if attempts and tonumber(attempts) > 0 then redis.call('HINCRBY', key, 'attempts', -1) end
return 1`)

	replaceChallenge = challengeScript(`
local id, old, user, expires = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = P .. 'challenge:' .. id
local stored = redis.call('HMGET', key, 'hash', 'user', 'created')
if not stored[1] then return 0 end
if stored[1] ~= old then return -1 end
local ttl = math.max(math.ceil((tonumber(expires) - tonumber(stored[3])) / 1000), 0) + 60000
redis.call('HSET', key, 'user', user, 'expires', expires, unpack(ARGV, 5))
redis.call('PEXPIRE', key, ttl)
unlink(stored[2], id)
link(user, id, ttl)
return 1`)

	consumeChallenge = challengeScript(`
if redis.call('HGET', P .. 'challenge:' .. ARGV[1], 'hash') ~= ARGV[2] then return 0 end
return drop(ARGV[1])`)

	deleteChallenge = challengeScript(`return drop(ARGV[1])`)

	// With an empty purpose, those of every purpose.
	deleteUserChallenges = challengeScript(`
for _, id in ipairs(redis.call('SMEMBERS', P .. 'challenges:' .. ARGV[1])) do
	if ARGV[2] == '' or redis.call('HGET', P .. 'challenge:' .. id, 'purpose') == ARGV[2] then drop(id) end
end
return 1`)
)

// CreateChallenge implements authn.ChallengeStore.
func (s *Store) CreateChallenge(ctx context.Context, c authn.Challenge) error {
	return s.change(ctx, "create challenge", createChallenge, c.ID, c.UserID, lifetime(c.CreatedAt, c.ExpiresAt),
		"purpose", c.Purpose, "subject", c.Subject, "hash", c.Hash, "data", c.Data,
		"attempts", c.Attempts, "max_attempts", c.MaxAttempts, "resends", c.Resends, "changes", c.Changes,
		"created", micros(c.CreatedAt), "expires", micros(c.ExpiresAt))
}

// ChallengeByID implements authn.ChallengeStore.
func (s *Store) ChallengeByID(ctx context.Context, id string) (*authn.Challenge, error) {
	return s.challenge(ctx, "load challenge", loadChallenge, id)
}

// CountAttempt implements authn.ChallengeStore.
func (s *Store) CountAttempt(ctx context.Context, id string) (*authn.Challenge, error) {
	return s.challenge(ctx, "count attempt", countAttempt, id)
}

// challenge runs a script that returns the challenge with that id.
func (s *Store) challenge(ctx context.Context, what string, script *redis.Script, id string) (*authn.Challenge, error) {
	result, err := s.run(ctx, what, script, id)
	if err != nil {
		return nil, err
	}
	list, err := result.Slice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", what, err)
	}
	if len(list) == 0 {
		return nil, authn.ErrNotFound
	}
	f := readFields(list)
	return &authn.Challenge{
		ID: id, Purpose: f["purpose"], UserID: f["user"], Subject: f["subject"], Hash: f.bytes("hash"), Data: f.bytes("data"),
		Attempts: f.number("attempts"), MaxAttempts: f.number("max_attempts"), Resends: f.number("resends"), Changes: f.number("changes"),
		CreatedAt: f.time("created"), ExpiresAt: f.time("expires"),
	}, nil
}

// RefundAttempt implements authn.ChallengeStore.
func (s *Store) RefundAttempt(ctx context.Context, id string) error {
	return s.forgiving(ctx, "refund attempt", refundAttempt, id)
}

// ReplaceChallenge implements authn.ChallengeStore.
func (s *Store) ReplaceChallenge(ctx context.Context, c authn.Challenge, oldHash []byte) error {
	return s.change(ctx, "replace challenge", replaceChallenge, c.ID, oldHash, c.UserID, micros(c.ExpiresAt),
		"subject", c.Subject, "hash", c.Hash, "data", c.Data, "resends", c.Resends, "changes", c.Changes)
}

// ConsumeChallenge implements authn.ChallengeStore.
func (s *Store) ConsumeChallenge(ctx context.Context, id string, hash []byte) error {
	return s.change(ctx, "consume challenge", consumeChallenge, id, hash)
}

// DeleteChallenge implements authn.ChallengeStore.
func (s *Store) DeleteChallenge(ctx context.Context, id string) error {
	return s.forgiving(ctx, "delete challenge", deleteChallenge, id)
}

// DeleteUserChallenges implements authn.ChallengeStore.
func (s *Store) DeleteUserChallenges(ctx context.Context, purpose, userID string) error {
	return s.change(ctx, "delete challenges", deleteUserChallenges, userID, purpose)
}
