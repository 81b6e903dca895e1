package sqlstore

import (
	"context"
	"database/sql"
	"strconv"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// profileColumns are columns of {users} u and {passwords} p.
const profileColumns = `u.username, u.display, u.disabled, u.extra, u.created_at, p.hash`

// profileRow is the target of profileColumns.
type profileRow struct {
	username, display, hash sql.NullString
	disabled                sql.NullBool
	extra                   []byte
	createdAt               sql.NullInt64
}

func (r *profileRow) targets() []any {
	return []any{&r.username, &r.display, &r.disabled, &r.extra, &r.createdAt, &r.hash}
}

// profile returns the profile of the user with that id, which shows that address.
func (r *profileRow) profile(userID, email string) (*authn.Profile, error) {
	p := &authn.Profile{PasswordHash: r.hash.String, Email: email, Sessions: -1}
	if !r.username.Valid {
		return p, nil
	}
	p.User = &authn.User{
		ID: userID, Username: r.username.String, Display: r.display.String, Disabled: r.disabled.Bool, CreatedAt: fromMicros(r.createdAt.Int64),
	}
	return p, readExtra(r.extra, p.User)
}

// contactsRow is a row of the query of Profile, which returns one for each
// address, or one without an address.
type contactsRow struct {
	profileRow
	number, email                     sql.NullString
	numberVerified, verified, primary sql.NullBool
	created                           sql.NullInt64
	sessions                          int
}

// Profile implements account.Store.
func (s *Store) Profile(ctx context.Context, userID string) (*authn.Profile, []account.EmailAddress, *account.Phone, error) {
	id, err := strconv.ParseInt(userID, 10, 64)
	if err != nil {
		id = -1 // not an id of a user
	}
	if !s.dialect.storable([]any{userID}) {
		return &authn.Profile{}, nil, nil, nil
	}
	list, err := rows(ctx, s, "load user", `SELECT `+profileColumns+`, n.number, n.verified, e.email, e.verified, e.is_primary, e.created_at,
		(SELECT COUNT(*) FROM {sessions} s WHERE s.user_id = ?)
		FROM (SELECT 1 AS one) AS k LEFT JOIN {users} u ON u.id = ? LEFT JOIN {passwords} p ON p.user_id = ?
		LEFT JOIN {phones} n ON n.user_id = ? LEFT JOIN {emails} e ON e.user_id = ? ORDER BY e.id`,
		[]any{userID, id, userID, userID, userID}, func(scan func(...any) error) (r contactsRow, err error) {
			err = scan(append(r.targets(), &r.number, &r.numberVerified, &r.email, &r.verified, &r.primary, &r.created, &r.sessions)...)
			return r, err
		})
	if err != nil {
		return nil, nil, nil, err
	}
	var emails []account.EmailAddress
	for _, r := range list {
		if r.email.Valid {
			emails = append(emails, account.EmailAddress{
				UserID: userID, Email: r.email.String, Verified: r.verified.Bool, Primary: r.primary.Bool, CreatedAt: fromMicros(r.created.Int64),
			})
		}
	}
	var phone *account.Phone
	if r := list[0]; r.number.Valid {
		phone = &account.Phone{UserID: userID, Number: r.number.String, Verified: r.numberVerified.Bool}
	}
	p, err := list[0].profile(userID, shownAddress(emails))
	p.Sessions = list[0].sessions
	return p, emails, phone, err
}

// shownAddress returns the address that a profile shows: the primary one, or else
// the oldest verified one.
func shownAddress(emails []account.EmailAddress) string {
	shown := ""
	for _, e := range emails {
		if e.Primary {
			return e.Email
		}
		if shown == "" && e.Verified {
			shown = e.Email
		}
	}
	return shown
}

// ProfileOrigin implements account.Store.
func (s *Store) ProfileOrigin() any { return s }
