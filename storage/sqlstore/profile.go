package sqlstore

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// profileColumns are columns of {users} u and {passwords} p, and the email
// address of the user with that id, which is a column or a placeholder.
func profileColumns(id string) string {
	return `u.username, u.display, u.disabled, u.extra, p.hash, (SELECT e.email FROM {emails} e WHERE e.user_id = ` + id +
		` AND (e.is_primary OR e.verified) ORDER BY e.is_primary DESC, e.id LIMIT 1)`
}

// profileRow is the target of profileColumns.
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
	p := &authn.Profile{PasswordHash: r.hash.String, Email: r.email.String, Sessions: -1}
	if !r.username.Valid {
		return p, nil
	}
	p.User = &authn.User{ID: userID, Username: r.username.String, Display: r.display.String, Disabled: r.disabled.Bool}
	return p, readExtra(r.extra, p.User)
}

// Profile implements account.Store. The query returns a row for each address, or
// one without an address.
func (s *Store) Profile(ctx context.Context, userID string) (*authn.Profile, []account.EmailAddress, *account.Phone, error) {
	id, err := strconv.ParseInt(userID, 10, 64)
	if err != nil {
		id = -1 // not an id of a user
	}
	if !s.dialect.storable([]any{userID}) {
		return &authn.Profile{}, nil, nil, nil
	}
	var r profileRow
	var number, email sql.NullString
	var numberVerified, verified, primary sql.NullBool
	var created sql.NullInt64
	var count int
	targets := append(r.targets(), &number, &numberVerified, &email, &verified, &primary, &created, &count)
	var emails []account.EmailAddress
	_, err = rows(ctx, s, "load user", `SELECT `+profileColumns("?")+`, n.number, n.verified, e.email, e.verified, e.is_primary, e.created_at,
		(SELECT COUNT(*) FROM {sessions} s WHERE s.user_id = ?)
		FROM (SELECT 1 AS one) AS k LEFT JOIN {users} u ON u.id = ? LEFT JOIN {passwords} p ON p.user_id = ?
		LEFT JOIN {phones} n ON n.user_id = ? LEFT JOIN {emails} e ON e.user_id = ? ORDER BY e.id`,
		[]any{userID, userID, id, userID, userID, userID}, func(scan func(...any) error) (struct{}, error) {
			err := scan(targets...)
			if email.Valid {
				emails = append(emails, account.EmailAddress{
					UserID: userID, Email: email.String, Verified: verified.Bool, Primary: primary.Bool, CreatedAt: fromMicros(created.Int64),
				})
			}
			return struct{}{}, err
		})
	if err != nil {
		return nil, nil, nil, err
	}
	var phone *account.Phone
	if number.Valid {
		phone = &account.Phone{UserID: userID, Number: number.String, Verified: numberVerified.Bool}
	}
	p, err := r.profile(userID)
	p.Sessions = count
	return p, emails, phone, err
}

// ProfileOrigin implements account.Store.
func (s *Store) ProfileOrigin() any { return s }
