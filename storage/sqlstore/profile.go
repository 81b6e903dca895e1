package sqlstore

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/allauth-go/allauth/authn"
)

// profileColumns are those of {users} u and {passwords} p, and the address of the
// user with that id, which is a column or a placeholder.
func profileColumns(id string) string {
	return `u.username, u.display, u.disabled, u.extra, p.hash, (SELECT e.email FROM {emails} e WHERE e.user_id = ` + id +
		` AND (e.is_primary OR e.verified) ORDER BY e.is_primary DESC, e.id LIMIT 1)`
}

// profileRow is what profileColumns are read into.
type profileRow struct {
	username, display, hash, email sql.NullString
	disabled                       sql.NullBool
	extra                          []byte
}

func (r *profileRow) targets() []any {
	return []any{&r.username, &r.display, &r.disabled, &r.extra, &r.hash, &r.email}
}

// profile returns the profile of the user with that id.
func (r *profileRow) profile(userID string) (*authn.Profile, error) {
	p := &authn.Profile{PasswordHash: r.hash.String, Email: r.email.String}
	if !r.username.Valid {
		return p, nil
	}
	p.User = &authn.User{ID: userID, Username: r.username.String, Display: r.display.String, Disabled: r.disabled.Bool}
	return p, readExtra(r.extra, p.User)
}

// Profile implements account.Store.
func (s *Store) Profile(ctx context.Context, userID string) (*authn.Profile, error) {
	number, err := strconv.ParseInt(userID, 10, 64)
	if err != nil {
		number = -1 // no id of ours
	}
	if !s.dialect.storable([]any{userID}) {
		return &authn.Profile{}, nil
	}
	var r profileRow
	err = s.row(ctx, "load user", `SELECT `+profileColumns("?")+` FROM (SELECT 1 AS one) AS k LEFT JOIN {users} u ON u.id = ? LEFT JOIN {passwords} p ON p.user_id = ?`, []any{userID, number, userID}, r.targets()...)
	if err != nil {
		return nil, err
	}
	return r.profile(userID)
}

// ProfileOrigin implements account.Store.
func (s *Store) ProfileOrigin() any { return s }
