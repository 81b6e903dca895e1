package redisstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
)

// A session has three keys, which may be on different nodes:
//
//	token:{token hash}   its row, a hash: a token is valid if this key exists
//	session:{id}         its handle, a hash that refers from the id to the row
//	sessions:{user id}   the list of ids of the user's sessions, a sorted set
//
// Each step changes one key. The order of the steps ensures that a crash between
// two of them leaves no session whose token a client has and that cannot be
// ended, and no valid token of a session that was ended or got another token:
//
//   - To create a session, add its id to the list, store the row, store the
//     handle. The client gets the token after the last step, so no client has the
//     token of a session that a crash has left behind.
//   - To end a session, delete the row, then the handle.
//   - To renew a session, store the new row and record it in the handle; replace
//     the old row by the row that remembers the old token, in which one of
//     several concurrent requests succeeds; make the handle refer to the new row.
//     A crash before the second step leaves the session unchanged, a later one
//     ends it.
//
// The handle refers to the session also between the steps of a renewal. The last
// step fails if the handle was deleted meanwhile: then the session was ended, and
// the new row is deleted again.

func (s *Store) rowKey(tokenHash string) string { return s.key("token", tokenHash) }

func (s *Store) handleKey(id string) string { return s.key("session", id) }

// rowFields returns the fields of a row.
func rowFields(row sessions.Row) []any {
	return []any{
		"id", row.ID, "token", row.TokenHash, "user", row.UserID, "created", micros(row.CreatedAt),
		"kind", row.Kind, "auth", row.AuthHash, "ip", row.IP, "agent", row.UserAgent,
		"seen", micros(row.LastSeenAt), "expires", micros(row.ExpiresAt), "data", row.Data,
	}
}

// listed are the fields of a row in a list of sessions, which lacks the data.
var listed = []string{"id", "token", "kind", "user", "auth", "ip", "agent", "created", "seen", "expires"}

func readSession(f fields) sessions.Row {
	return sessions.Row{
		ID: f["id"], TokenHash: f["token"], Kind: f["kind"], UserID: f["user"], AuthHash: f["auth"], IP: f["ip"], UserAgent: f["agent"],
		CreatedAt: f.time("created"), LastSeenAt: f.time("seen"), ExpiresAt: f.time("expires"), Data: f.bytes("data"),
	}
}

// sessionLifetime returns the time to live from the latest time of the row on.
func sessionLifetime(row sessions.Row) time.Duration { return lifetime(latest(row), row.ExpiresAt) }

func latest(row sessions.Row) time.Time {
	if row.LastSeenAt.After(row.CreatedAt) {
		return row.LastSeenAt
	}
	return row.CreatedAt
}

func (s *Store) createRow(row sessions.Row) step {
	return create(s.rowKey(row.TokenHash), sessionLifetime(row), rowFields(row)...)
}

func (s *Store) removeRow(tokenHash, id string) step { return remove(s.rowKey(tokenHash), "id", id) }

func (s *Store) createHandle(row sessions.Row) step {
	return create(s.handleKey(row.ID), sessionLifetime(row)+grace, "token", row.TokenHash, "user", row.UserID)
}

func (s *Store) removeHandle(id, tokenHash string) step {
	return remove(s.handleKey(id), "token", tokenHash)
}

// linkSession adds a session to the list of its user, if it has one.
func (s *Store) linkSession(row sessions.Row) []step {
	if row.UserID == "" {
		return nil
	}
	return []step{s.link("sessions", row.UserID, row.ID, latest(row), row.ExpiresAt)}
}

// CreateSession implements sessions.Store.
func (s *Store) CreateSession(ctx context.Context, row sessions.Row) error {
	const what = "create session"
	if _, err := s.runAll(ctx, what, s.linkSession(row)...); err != nil {
		return err
	}
	if err := s.change(ctx, what, s.createRow(row)); err != nil {
		return err
	}
	err := s.change(ctx, what, s.createHandle(row))
	if errors.Is(err, authn.ErrConflict) {
		return s.undo(ctx, what, err, s.removeRow(row.TokenHash, row.ID))
	}
	return err
}

// undo runs steps that take back what was done before an error.
func (s *Store) undo(ctx context.Context, what string, refusal error, steps ...step) error {
	if _, err := s.runAll(ctx, what, steps...); err != nil {
		return err
	}
	return refusal
}

// SessionsByTokens implements sessions.Store.
func (s *Store) SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]sessions.Row, error) {
	keys := make([]string, len(tokenHashes))
	for i, hash := range tokenHashes {
		keys[i] = s.rowKey(hash)
	}
	found, err := s.load(ctx, "load sessions", keys)
	var rows []sessions.Row
	for _, f := range found {
		if len(f) > 0 {
			rows = append(rows, readSession(f))
		}
	}
	return rows, err
}

// SaveSession implements sessions.Store. The handle and the list must outlive the
// row, and are prolonged first.
func (s *Store) SaveSession(ctx context.Context, row sessions.Row, loaded []byte) error {
	const what = "save session"
	ttl := lifetime(row.LastSeenAt, row.ExpiresAt)
	handles, err := s.load(ctx, what, []string{s.handleKey(row.ID)}, "user")
	if err != nil {
		return err
	}
	leading := row
	leading.UserID = handles[0]["user"]
	if _, err := s.runAll(ctx, what, append(s.linkSession(leading),
		update(s.handleKey(row.ID), []any{"token", row.TokenHash}, ttl+grace))...); err != nil {
		return err
	}
	err = s.change(ctx, what, update(s.rowKey(row.TokenHash), currentRow(row.ID, loaded), ttl,
		"data", row.Data, "seen", micros(row.LastSeenAt), "expires", micros(row.ExpiresAt)))
	if errors.Is(err, authn.ErrNotFound) {
		return s.whyNotCurrent(ctx, what, row.TokenHash, row.ID)
	}
	return err
}

// currentRow returns the condition that the row of a session still has the data
// that was loaded.
func currentRow(id string, loaded []byte) []any {
	if len(loaded) == 0 {
		return []any{"id", id}
	}
	return []any{"id", id, "data", loaded}
}

// whyNotCurrent returns ErrConflict if the session exists with that token, and
// ErrNotFound otherwise.
func (s *Store) whyNotCurrent(ctx context.Context, what, tokenHash, id string) error {
	found, err := s.load(ctx, what, []string{s.rowKey(tokenHash)}, "id")
	if err != nil {
		return err
	}
	if found[0]["id"] == id {
		return authn.ErrConflict
	}
	return authn.ErrNotFound
}

// RenewSession implements sessions.Store.
func (s *Store) RenewSession(ctx context.Context, row, old sessions.Row, loaded []byte) error {
	const what = "renew session"
	results, err := s.runAll(ctx, what, append(s.linkSession(row),
		update(s.handleKey(row.ID), []any{"token", old.TokenHash}, 0, "next", row.TokenHash),
		s.createHandle(old), s.createRow(row))...)
	if err != nil {
		return err
	}
	var undo []step
	for i, step := range []step{s.removeRow(row.TokenHash, row.ID), s.removeHandle(old.ID, old.TokenHash)} {
		if answer(results[len(results)-1-i]) == done {
			undo = append(undo, step)
		}
	}
	if len(undo) < 2 {
		return s.undo(ctx, what, authn.ErrConflict, undo...)
	}
	err = s.change(ctx, what, update(s.rowKey(old.TokenHash), currentRow(row.ID, loaded), sessionLifetime(old), rowFields(old)...))
	if errors.Is(err, authn.ErrNotFound) {
		return s.undo(ctx, what, s.whyNotCurrent(ctx, what, old.TokenHash, row.ID), undo...)
	}
	if err != nil {
		return err
	}
	err = s.change(ctx, what, update(s.handleKey(row.ID), []any{"token", old.TokenHash}, sessionLifetime(row)+grace,
		"token", row.TokenHash, "user", row.UserID))
	if errors.Is(err, authn.ErrNotFound) {
		return s.undo(ctx, what, err, append(undo, s.removeRow(old.TokenHash, old.ID))...)
	}
	return err
}

// handle refers to the row of a session. token is the row's token hash; next is
// the token hash of its successor during a renewal.
type handle struct{ id, token, next, user string }

// handles returns the handles of the ids that have one.
func (s *Store) handles(ctx context.Context, what string, ids ...string) ([]handle, error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = s.handleKey(id)
	}
	found, err := s.load(ctx, what, keys, "token", "next", "user")
	if err != nil {
		return nil, err
	}
	var list []handle
	for i, id := range ids {
		if f := found[i]; f["token"] != "" {
			list = append(list, handle{id, f["token"], f["next"], f["user"]})
		}
	}
	return list, nil
}

// userHandles returns the handles of the user's sessions.
func (s *Store) userHandles(ctx context.Context, what, userID string) ([]handle, error) {
	ids, err := s.linked(ctx, what, "sessions", userID)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	list, err := s.handles(ctx, what, ids...)
	return slices.DeleteFunc(list, func(h handle) bool { return h.user != userID }), err
}

// tokens returns the token hashes under which the row of the session may be, the
// current one first.
func (h handle) tokens() []string {
	if h.next == "" {
		return []string{h.token}
	}
	return []string{h.token, h.next}
}

// updateRows overwrites fields of the rows of sessions.
func (s *Store) updateRows(ctx context.Context, what string, list []handle, where []any, fields ...any) error {
	var steps []step
	for _, h := range list {
		for _, token := range h.tokens() {
			steps = append(steps, update(s.rowKey(token), append([]any{"id", h.id}, where...), 0, fields...))
		}
	}
	_, err := s.runAll(ctx, what, steps...)
	return err
}

// TouchSession implements sessions.Store.
func (s *Store) TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error {
	const what = "touch session"
	list, err := s.handles(ctx, what, id)
	if err != nil {
		return err
	}
	return s.updateRows(ctx, what, list, nil, "ip", ip, "agent", userAgent, "seen", micros(seen))
}

// RekeySessions implements sessions.Store. A session that is renewed concurrently
// may keep the old fingerprint, and so end.
func (s *Store) RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	const what = "rekey sessions"
	list, err := s.userHandles(ctx, what, userID)
	if err != nil {
		return err
	}
	return s.updateRows(ctx, what, list, []any{"auth", oldAuthHash}, "auth", newAuthHash)
}

// SessionsByUser implements sessions.Store. If a row is not where its handle
// refers to, the session may have been renewed, and is looked up again.
func (s *Store) SessionsByUser(ctx context.Context, userID string) ([]sessions.Row, error) {
	const what = "list sessions"
	list, err := s.userHandles(ctx, what, userID)
	var rows []sessions.Row
	for range 3 {
		if err != nil || len(list) == 0 {
			break
		}
		var keys []string
		for _, h := range list {
			for _, token := range h.tokens() {
				keys = append(keys, s.rowKey(token))
			}
		}
		found, err := s.load(ctx, what, keys, listed...)
		if err != nil {
			return nil, err
		}
		own := map[string]fields{}
		for _, f := range found {
			if f["user"] == userID && own[f["id"]] == nil {
				own[f["id"]] = f
			}
		}
		var moved []string
		for _, h := range list {
			if f := own[h.id]; f != nil {
				rows = append(rows, readSession(f))
			} else {
				moved = append(moved, h.id)
			}
		}
		list, err = s.handles(ctx, what, moved...)
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(rows, func(a, b sessions.Row) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return rows, err
}

// DeleteSession implements sessions.Store.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	const what = "end session"
	list, err := s.handles(ctx, what, id)
	if err != nil {
		return err
	}
	return s.end(ctx, what, list)
}

// DeleteUserSessions implements sessions.Store.
func (s *Store) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	const what = "end sessions"
	list, err := s.userHandles(ctx, what, userID)
	if err != nil {
		return err
	}
	return s.end(ctx, what, slices.DeleteFunc(list, func(h handle) bool { return h.id == exceptID }))
}

// end deletes sessions. A session that was renewed meanwhile is ended by its new
// handle.
func (s *Store) end(ctx context.Context, what string, list []handle) error {
	for len(list) > 0 {
		var rows, handles []step
		for _, h := range list {
			for _, token := range h.tokens() {
				rows = append(rows, s.removeRow(token, h.id))
			}
			handles = append(handles, s.removeHandle(h.id, h.token))
		}
		if _, err := s.runAll(ctx, what, rows...); err != nil {
			return err
		}
		results, err := s.runAll(ctx, what, handles...)
		if err != nil {
			return err
		}
		ended := map[string][]any{} // ids, by user
		var renewed []string
		for i, h := range list {
			if answer(results[i]) != done {
				renewed = append(renewed, h.id)
			} else if h.user != "" {
				ended[h.user] = append(ended[h.user], h.id)
			}
		}
		for user, ids := range ended {
			if err := s.unlink(ctx, what, "sessions", user, ids); err != nil {
				return err
			}
		}
		if list, err = s.handles(ctx, what, renewed...); err != nil {
			return err
		}
	}
	return nil
}

// SessionsInTx implements sessions.Store.
func (s *Store) SessionsInTx() bool { return false }
