package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/sessions"
)

// A session is a hash, which its token leads to. The ids of a user's sessions
// are in a sorted set by creation.

const sessionFunctions = `
local function expire(id, ttl)
	local key = P .. 'session:' .. id
	local found = redis.call('HMGET', key, 'user', 'token')
	redis.call('PEXPIRE', key, ttl)
	redis.call('PEXPIRE', P .. 'token:' .. found[2], ttl)
	if found[1] ~= '' then
		local index = P .. 'sessions:' .. found[1]
		redis.call('PEXPIRE', index, math.max(redis.call('PTTL', index), ttl))
	end
end
local function drop(id)
	local key = P .. 'session:' .. id
	local found = redis.call('HMGET', key, 'user', 'token')
	if not found[1] then return 0 end
	redis.call('DEL', key, P .. 'token:' .. found[2])
	if found[1] ~= '' then redis.call('ZREM', P .. 'sessions:' .. found[1], id) end
	return 1
end
local function create(first)
	local id, user, token, created, ttl = unpack(ARGV, first, first + 4)
	local key = P .. 'session:' .. id
	redis.call('HSET', key, 'id', id, 'user', user, 'token', token, 'created', created, unpack(ARGV, first + 5, first + ROW - 1))
	redis.call('SET', P .. 'token:' .. token, id)
	if user ~= '' then redis.call('ZADD', P .. 'sessions:' .. user, created, id) end
	expire(id, tonumber(ttl))
	return 1
end
`

func sessionScript(text string) *redis.Script {
	return script("local ROW = " + strconv.Itoa(len(rowArgs(sessions.Row{}))) + sessionFunctions + text)
}

var (
	createSession = sessionScript(`
if redis.call('EXISTS', P .. 'session:' .. ARGV[1], P .. 'token:' .. ARGV[3]) > 0 then return -1 end
return create(1)`)

	loadSessions = sessionScript(`
local list = {}
for _, token in ipairs(ARGV) do
	local id = redis.call('GET', P .. 'token:' .. token)
	local row = id and redis.call('HGETALL', P .. 'session:' .. id) or {}
	if #row > 0 then list[#list + 1] = row end
end
return list`)

	saveSession = sessionScript(`
local id, ttl = ARGV[1], tonumber(ARGV[3])
local key = P .. 'session:' .. id
if redis.call('HGET', key, 'token') ~= ARGV[2] then return 0 end
redis.call('HSET', key, unpack(ARGV, 4))
expire(id, ttl)
return 1`)

	renewSession = sessionScript(`
local id, token, old, oldToken = ARGV[1], ARGV[3], ARGV[1 + ROW], ARGV[3 + ROW]
if redis.call('HGET', P .. 'session:' .. id, 'token') ~= oldToken then return 0 end
if redis.call('EXISTS', P .. 'session:' .. old, P .. 'token:' .. token) > 0 then return -1 end
drop(id)
create(1)
return create(1 + ROW)`)

	touchSession = sessionScript(`
local key = P .. 'session:' .. ARGV[1]
if redis.call('EXISTS', key) == 0 then return 0 end
redis.call('HSET', key, unpack(ARGV, 2))
return 1`)

	rekeySessions = sessionScript(`
for _, id in ipairs(redis.call('ZRANGE', P .. 'sessions:' .. ARGV[1], 0, -1)) do
	local key = P .. 'session:' .. id
	if redis.call('HGET', key, 'auth') == ARGV[2] then redis.call('HSET', key, 'auth', ARGV[3]) end
end
return 1`)

	// Ids whose session expired are dropped from the index on the way.
	listSessions = sessionScript(`
local index, list = P .. 'sessions:' .. ARGV[1], {}
for _, id in ipairs(redis.call('ZRANGE', index, 0, -1)) do
	local row = redis.call('HMGET', P .. 'session:' .. id, unpack(ARGV, 2))
	if row[1] then
		list[#list + 1] = row
	else
		redis.call('ZREM', index, id)
	end
end
return list`)

	deleteSession = sessionScript(`return drop(ARGV[1])`)

	deleteUserSessions = sessionScript(`
for _, id in ipairs(redis.call('ZRANGE', P .. 'sessions:' .. ARGV[1], 0, -1)) do
	if id ~= ARGV[2] then drop(id) end
end
return 1`)
)

// rowArgs is a row as the scripts take it.
func rowArgs(row sessions.Row) []any {
	return []any{
		row.ID, row.UserID, row.TokenHash, micros(row.CreatedAt), sessionLifetime(row),
		"kind", row.Kind, "auth", row.AuthHash, "ip", row.IP, "agent", row.UserAgent,
		"seen", micros(row.LastSeenAt), "expires", micros(row.ExpiresAt), "data", row.Data,
	}
}

// sessionLifetime counts from the latest time that the row knows.
func sessionLifetime(row sessions.Row) int64 {
	from := row.CreatedAt
	if row.LastSeenAt.After(from) {
		from = row.LastSeenAt
	}
	return lifetime(from, row.ExpiresAt)
}

func readSession(f fields) sessions.Row {
	return sessions.Row{
		ID: f["id"], TokenHash: f["token"], Kind: f["kind"], UserID: f["user"], AuthHash: f["auth"], IP: f["ip"], UserAgent: f["agent"],
		CreatedAt: f.time("created"), LastSeenAt: f.time("seen"), ExpiresAt: f.time("expires"), Data: f.bytes("data"),
	}
}

// CreateSession implements sessions.Store.
func (s *Store) CreateSession(ctx context.Context, row sessions.Row) error {
	return s.change(ctx, "create session", createSession, rowArgs(row)...)
}

// SessionsByTokens implements sessions.Store.
func (s *Store) SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]sessions.Row, error) {
	args := make([]any, len(tokenHashes))
	for i, hash := range tokenHashes {
		args[i] = hash
	}
	result, err := s.run(ctx, "load sessions", loadSessions, args...)
	if err != nil {
		return nil, err
	}
	list, err := result.Slice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: load sessions: %w", err)
	}
	var rows []sessions.Row
	for _, item := range list {
		values, _ := item.([]any)
		rows = append(rows, readSession(readFields(values)))
	}
	return rows, nil
}

// SaveSession implements sessions.Store.
func (s *Store) SaveSession(ctx context.Context, row sessions.Row) error {
	return s.change(ctx, "save session", saveSession, row.ID, row.TokenHash, lifetime(row.LastSeenAt, row.ExpiresAt),
		"data", row.Data, "seen", micros(row.LastSeenAt), "expires", micros(row.ExpiresAt))
}

// RenewSession implements sessions.Store.
func (s *Store) RenewSession(ctx context.Context, row, old sessions.Row) error {
	return s.change(ctx, "renew session", renewSession, append(rowArgs(row), rowArgs(old)...)...)
}

// TouchSession implements sessions.Store.
func (s *Store) TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error {
	return s.forgiving(ctx, "touch session", touchSession, id, "ip", ip, "agent", userAgent, "seen", micros(seen))
}

// RekeySessions implements sessions.Store.
func (s *Store) RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	return s.change(ctx, "rekey sessions", rekeySessions, userID, oldAuthHash, newAuthHash)
}

// listed are the fields of a row in a list, which lacks the data.
var listed = []string{"id", "token", "kind", "user", "auth", "ip", "agent", "created", "seen", "expires"}

// SessionsByUser implements sessions.Store.
func (s *Store) SessionsByUser(ctx context.Context, userID string) ([]sessions.Row, error) {
	args := []any{userID}
	for _, name := range listed {
		args = append(args, name)
	}
	result, err := s.run(ctx, "list sessions", listSessions, args...)
	if err != nil {
		return nil, err
	}
	list, err := result.Slice()
	if err != nil {
		return nil, fmt.Errorf("redisstore: list sessions: %w", err)
	}
	var rows []sessions.Row
	for _, item := range list {
		values, _ := item.([]any)
		f := fields{}
		for i, name := range listed[:min(len(listed), len(values))] {
			f[name], _ = values[i].(string)
		}
		rows = append(rows, readSession(f))
	}
	return rows, nil
}

// DeleteSession implements sessions.Store.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	return s.forgiving(ctx, "end session", deleteSession, id)
}

// DeleteUserSessions implements sessions.Store.
func (s *Store) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	return s.change(ctx, "end sessions", deleteUserSessions, userID, exceptID)
}

// SessionsInTx implements sessions.Store.
func (s *Store) SessionsInTx() bool { return false }
