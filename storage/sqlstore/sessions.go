package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/sessions"
)

const sessionColumns = `id, token_hash, kind, user_id, auth_hash, ip, user_agent, created_at, last_seen_at, expires_at`

func scanSession(scan func(...any) error, more ...any) (sessions.Row, error) {
	var row sessions.Row
	var id, created, seen, expires int64
	targets := []any{&id, &row.TokenHash, &row.Kind, &row.UserID, &row.AuthHash, &row.IP, &row.UserAgent, &created, &seen, &expires}
	err := scan(append(targets, more...)...)
	row.ID = strconv.FormatInt(id, 10)
	row.CreatedAt, row.LastSeenAt, row.ExpiresAt = fromMicros(created), fromMicros(seen), fromMicros(expires)
	return row, err
}

// sessionID parses the id of a row. It returns an id that no row has if the text
// is not a number.
func sessionID(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// CreateSession implements sessions.Store.
func (s *Store) CreateSession(ctx context.Context, row sessions.Row) error {
	id := sessionID(row.ID)
	if id < 0 {
		return fmt.Errorf("sqlstore: create session: the id is not a number")
	}
	return s.insert(ctx, "create session", `{sessions} (`+sessionColumns+`, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, row.TokenHash, row.Kind, row.UserID, row.AuthHash, row.IP, row.UserAgent,
		micros(row.CreatedAt), micros(row.LastSeenAt), micros(row.ExpiresAt), row.Data)
}

// SessionsByTokens implements sessions.Store.
func (s *Store) SessionsByTokens(ctx context.Context, tokenHashes ...string) ([]sessions.Row, error) {
	var hashes []any
	for _, hash := range tokenHashes {
		if s.dialect.storable([]any{hash}) {
			hashes = append(hashes, hash)
		}
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	query := `SELECT s.` + strings.ReplaceAll(sessionColumns, `, `, `, s.`) + `, ` + profileColumns + `, s.data, e.email, e.is_primary, e.id FROM {sessions} s
		LEFT JOIN {users} u ON ` + s.dialect.sessionUser + ` LEFT JOIN {passwords} p ON p.user_id = s.user_id
		LEFT JOIN {emails} e ON e.user_id = s.user_id AND (e.is_primary OR e.verified)
		WHERE s.token_hash IN (?` + strings.Repeat(`, ?`, len(hashes)-1) + `)`
	found, err := rows(ctx, s, "load sessions", query, hashes, func(scan func(...any) error) (r sessionRow, err error) {
		r.Row, err = scanSession(scan, append(r.targets(), &r.data, &r.email, &r.primary, &r.emailID)...)
		return r, err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, compareAddresses)
	var list []sessions.Row
	for _, r := range found {
		if slices.ContainsFunc(list, func(known sessions.Row) bool { return known.ID == r.ID }) {
			continue
		}
		r.Data = r.data
		if r.UserID != "" {
			if r.Profile, err = r.profile(r.UserID, r.email.String); err != nil {
				return nil, err
			}
		}
		list = append(list, r.Row)
	}
	return list, nil
}

// sessionRow is a row of SessionsByTokens. There is one for each address of the
// session's user that is primary or verified, or one without an address.
type sessionRow struct {
	sessions.Row
	profileRow
	data    []byte
	email   sql.NullString
	primary sql.NullBool
	emailID sql.NullInt64
}

// compareAddresses puts the row first whose address a profile shows, see
// shownAddress.
func compareAddresses(a, b sessionRow) int {
	if a.primary.Bool != b.primary.Bool {
		return map[bool]int{true: -1, false: 1}[a.primary.Bool]
	}
	return cmp.Compare(a.emailID.Int64, b.emailID.Int64)
}

// SaveSession implements sessions.Store.
func (s *Store) SaveSession(ctx context.Context, row sessions.Row, loaded []byte) error {
	where, key := currentSession(row.ID, row.TokenHash, loaded)
	n, err := s.exec(ctx, "save session", `UPDATE {sessions} SET data = ?, last_seen_at = ?, expires_at = ? WHERE `+where,
		append([]any{row.Data, micros(row.LastSeenAt), micros(row.ExpiresAt)}, key...)...)
	if err != nil || n > 0 {
		return err
	}
	var data []byte
	err = s.row(ctx, "look up session", `SELECT data FROM {sessions} WHERE id = ? AND token_hash = ?`, []any{sessionID(row.ID), row.TokenHash}, &data)
	if err == nil && len(loaded) > 0 && !bytes.Equal(data, loaded) {
		return authn.ErrConflict
	}
	return err // nil if the row was up to date, which MySQL does not count
}

// currentSession returns the condition that a session has the token, and still
// the data that was loaded.
func currentSession(id, tokenHash string, loaded []byte) (where string, key []any) {
	where, key = `id = ? AND token_hash = ?`, []any{sessionID(id), tokenHash}
	if len(loaded) > 0 {
		where, key = where+` AND data = ?`, append(key, loaded)
	}
	return where, key
}

// RenewSession implements sessions.Store. The row is updated rather than
// replaced, so that a DELETE that waits for it finds it afterwards. The update
// checks for conflicts itself, so it needs no savepoint in a transaction.
func (s *Store) RenewSession(ctx context.Context, row, old sessions.Row, loaded []byte) error {
	if current(ctx, s.db) == nil {
		return s.atomically(ctx, func(ctx context.Context) error { return s.RenewSession(ctx, row, old, loaded) })
	}
	where, key := currentSession(row.ID, old.TokenHash, loaded)
	n, err := s.exec(ctx, "renew session", `UPDATE {sessions} SET token_hash = ?, kind = ?, user_id = ?, auth_hash = ?, ip = ?, user_agent = ?, created_at = ?, last_seen_at = ?, expires_at = ?, data = ? WHERE `+where+`
		AND NOT EXISTS (SELECT 1 FROM (SELECT id FROM {sessions} WHERE token_hash = ?) AS same_token)
		AND NOT EXISTS (SELECT 1 FROM (SELECT id FROM {sessions} WHERE id = ?) AS same_id)`,
		append(append([]any{row.TokenHash, row.Kind, row.UserID, row.AuthHash, row.IP, row.UserAgent,
			micros(row.CreatedAt), micros(row.LastSeenAt), micros(row.ExpiresAt), row.Data}, key...), row.TokenHash, sessionID(old.ID))...)
	if err != nil {
		return err
	}
	if n == 0 {
		return s.whyNotRenewed(ctx, row.ID, old.TokenHash)
	}
	return s.CreateSession(ctx, old)
}

// whyNotRenewed returns ErrConflict if the session exists with that token, and
// ErrNotFound otherwise.
func (s *Store) whyNotRenewed(ctx context.Context, id, tokenHash string) error {
	var one int
	err := s.row(ctx, "look up session", `SELECT 1 FROM {sessions} WHERE id = ? AND token_hash = ?`, []any{sessionID(id), tokenHash}, &one)
	if err != nil {
		return err
	}
	return authn.ErrConflict
}

// TouchSession implements sessions.Store.
func (s *Store) TouchSession(ctx context.Context, id, ip, userAgent string, seen time.Time) error {
	_, err := s.exec(ctx, "touch session", `UPDATE {sessions} SET ip = ?, user_agent = ?, last_seen_at = ? WHERE id = ?`,
		ip, userAgent, micros(seen), sessionID(id))
	return err
}

// RekeySessions implements sessions.Store.
func (s *Store) RekeySessions(ctx context.Context, userID, oldAuthHash, newAuthHash string) error {
	_, err := s.exec(ctx, "rekey sessions", `UPDATE {sessions} SET auth_hash = ? WHERE user_id = ? AND auth_hash = ?`, newAuthHash, userID, oldAuthHash)
	return err
}

// SessionsByUser implements sessions.Store.
func (s *Store) SessionsByUser(ctx context.Context, userID string) ([]sessions.Row, error) {
	return rows(ctx, s, "list sessions", `SELECT `+sessionColumns+` FROM {sessions} WHERE user_id = ? ORDER BY created_at, id`, []any{userID},
		func(scan func(...any) error) (sessions.Row, error) { return scanSession(scan) })
}

// DeleteSession implements sessions.Store.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "end session", `DELETE FROM {sessions} WHERE id = ?`, sessionID(id))
	return err
}

// DeleteUserSessions implements sessions.Store.
func (s *Store) DeleteUserSessions(ctx context.Context, userID, exceptID string) error {
	_, err := s.exec(ctx, "end sessions", `DELETE FROM {sessions} WHERE user_id = ? AND id <> ?`, userID, sessionID(exceptID))
	return err
}

// SessionsInTx implements sessions.Store.
func (s *Store) SessionsInTx() bool { return true }
