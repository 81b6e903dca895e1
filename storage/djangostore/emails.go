package djangostore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
)

// The table account_emailaddress has no column for the time at which an address was
// added, and none that says whether a user claims it exclusively: both are beside. Django
// lets one user sign up with an address, so an address of Django counts as claimed.
//
// Users can have an address in the column of the user model alone, for example those
// whom Django's administration created. It is shown as an unverified one, and stored in
// account_emailaddress before the user's addresses change.

// addressColumns are columns of account_emailaddress e, users u and django_emails x.
func (s *Store) addressColumns() string {
	return `CAST(e.user_id AS TEXT), e.email, e.verified, e."primary", x.created_at, ` + s.timeColumn(selected(s.cfg.Users.DateJoined, "[date_joined]", "NULL")) + `, ` + s.ownerUnverified("e.user_id")
}

// ownerUnverified tells whether the user has verified neither an address nor, if numbers
// are in a table beside, a number.
func (s *Store) ownerUnverified(user string) string {
	condition := `NOT EXISTS (SELECT 1 FROM account_emailaddress v WHERE v.user_id = ` + user + ` AND v.verified)`
	if s.cfg.Phones == nil {
		condition += ` AND NOT EXISTS (SELECT 1 FROM {phones} n WHERE n.user_id = ` + s.idText(user) + ` AND n.verified)`
	}
	return condition
}

// idText converts a key of a user to the id, in SQL.
func (s *Store) idText(key string) string {
	text := `CAST(` + key + ` AS TEXT)`
	if s.postgres || s.cfg.Users.Key != UUID {
		return text
	}
	return `lower(substr(` + text + `, 1, 8) || '-' || substr(` + text + `, 9, 4) || '-' || substr(` + text + `, 13, 4) || '-' || substr(` + text + `, 17, 4) || '-' || substr(` + text + `, 21))`
}

func (s *Store) scanAddress(scan func(...any) error) (account.EmailAddress, error) {
	var a account.EmailAddress
	var key string
	var created *int64
	var joined stored
	err := scan(&key, &a.Email, &a.Verified, &a.Primary, &created, &joined, &a.OwnerUnverified)
	a.UserID, a.CreatedAt = s.userID(key), joined.Time
	if created != nil {
		a.CreatedAt = time.UnixMicro(*created).UTC()
	}
	return a, err
}

const addresses = ` FROM account_emailaddress e JOIN {users} u ON u.[id] = e.user_id LEFT JOIN {django_emails} x ON x.address_id = e.id WHERE `

// columnOnly selects users whose address is in the column of the user model alone.
func (s *Store) columnOnly(condition string) string {
	return `SELECT CAST(u.[id] AS TEXT), u.[email], FALSE, NOT EXISTS (SELECT 1 FROM account_emailaddress p WHERE p.user_id = u.[id] AND p."primary"), NULL, ` +
		s.timeColumn(selected(s.cfg.Users.DateJoined, "[date_joined]", "NULL")) + `, ` + s.ownerUnverified("u.[id]") + `
		FROM {users} u WHERE u.[email] <> '' AND ` + condition + `
		AND NOT EXISTS (SELECT 1 FROM account_emailaddress e WHERE e.user_id = u.[id] AND e.email = lower(u.[email])) ORDER BY u.[id]`
}

// readColumnOnly returns the addresses of columnOnly that are valid, in the form in which
// addresses are compared.
func (s *Store) readColumnOnly(ctx context.Context, condition string, arg any) (list []account.EmailAddress, err error) {
	if s.cfg.Users.Email == "" {
		return nil, nil
	}
	found, err := rows(ctx, s, "load the address of a user", s.columnOnly(condition), []any{arg}, s.scanAddress)
	for _, a := range found {
		email, ok := identifier.KnownEmail(a.Email)
		if ok && !strings.HasSuffix(email, noAddress) {
			a.Email = email
			list = append(list, a)
		}
	}
	return list, err
}

// EmailsByUser implements account.EmailStore.
func (s *Store) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	key, ok := s.key(userID)
	if !ok {
		return nil, ctx.Err()
	}
	list, err := rows(ctx, s, "load email addresses", `SELECT `+s.addressColumns()+addresses+`e.user_id = ?key ORDER BY e.id`, []any{key}, s.scanAddress)
	if err != nil {
		return nil, err
	}
	only, err := s.readColumnOnly(ctx, `u.[id] = ?key`, key)
	for _, a := range append(list, only...) {
		if !slices.ContainsFunc(list, func(b account.EmailAddress) bool { return b.Email == a.Email }) {
			list = append(list, a)
		}
	}
	for i := range list {
		list[i].OwnerUnverified = false // EmailsByAddress sets it
	}
	return list, err
}

// EmailsByAddress implements account.EmailStore.
func (s *Store) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	if !s.storable(email) {
		return nil, ctx.Err()
	}
	list, err := rows(ctx, s, "look up email address", `SELECT `+s.addressColumns()+addresses+`e.email = ? ORDER BY e.verified DESC, e.id`, []any{email}, s.scanAddress)
	if err != nil {
		return nil, err
	}
	only, err := s.readColumnOnly(ctx, `lower(u.[email]) = ?`, email)
	if err != nil {
		return nil, err
	}
	for _, a := range only {
		if a.Email == email && !slices.ContainsFunc(list, func(b account.EmailAddress) bool { return b.UserID == a.UserID }) {
			list = append(list, a)
		}
	}
	if s.cfg.Phones == nil {
		return list, nil
	}
	for i := range list {
		phone, err := s.PhoneByUser(ctx, list[i].UserID)
		if err != nil && !errors.Is(err, authn.ErrNotFound) {
			return nil, err
		}
		list[i].OwnerUnverified = list[i].OwnerUnverified && (err != nil || !phone.Verified)
	}
	return list, nil
}

// changeEmails makes a change of a user's address in a transaction in which no other one
// changes the same address, and lets the column of the user model follow.
func (s *Store) changeEmails(ctx context.Context, userID, email string, change func(ctx context.Context, key any) error) error {
	key, ok := s.key(userID)
	if !ok || !s.storable(email) {
		return cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.lockText(ctx, "email "+email); err != nil {
			return err
		}
		if s.postgres { // of two changes of one user the second sees what the first did
			var there int
			err := s.row(ctx, "lock user", `SELECT 1 FROM {users} u WHERE u.[id] = ?key FOR UPDATE`, []any{key}, &there)
			if err != nil {
				return err
			}
		}
		if err := s.adopt(ctx, key, email); err != nil {
			return err
		}
		if err := change(ctx, key); err != nil {
			return err
		}
		return s.follow(ctx, key)
	})
}

// adopt stores the addresses that only the column of the user model has: those of the
// user, and those of users with that address.
func (s *Store) adopt(ctx context.Context, key any, email string) error {
	own, err := s.readColumnOnly(ctx, `u.[id] = ?key`, key)
	if err != nil {
		return err
	}
	others, err := s.readColumnOnly(ctx, `lower(u.[email]) = ?`, email)
	if err != nil {
		return err
	}
	for _, a := range append(own, others...) {
		if err := s.insertEmail(ctx, a, true); err != nil && !errors.Is(err, authn.ErrConflict) {
			return err
		}
	}
	return nil
}

// insertEmail inserts a row. It returns authn.ErrConflict, and changes nothing, if the
// user has the address, or if it is verified and another user has verified it.
func (s *Store) insertEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	key, ok := s.key(a.UserID)
	if !ok {
		return authn.ErrNotFound
	}
	n, err := s.exec(ctx, "add email address", `INSERT INTO account_emailaddress (user_id, email, verified, "primary") VALUES (?key, ?, ?, ?) ON CONFLICT DO NOTHING`,
		key, a.Email, a.Verified, a.Primary)
	if err != nil {
		return err
	}
	if n == 0 {
		return authn.ErrConflict
	}
	_, err = s.exec(ctx, "add email address", `INSERT INTO {django_emails} (address_id, exclusive, created_at)
		SELECT id, ?, ? FROM account_emailaddress WHERE user_id = ?key AND email = ?
		ON CONFLICT (address_id) DO UPDATE SET exclusive = excluded.exclusive, created_at = excluded.created_at`, exclusive, a.CreatedAt.UnixMicro(), key, a.Email)
	return err
}

// owner is a row of an address.
type owner struct {
	userID              string
	verified, exclusive bool
}

// owners returns the rows of an address, locked.
func (s *Store) owners(ctx context.Context, email string) ([]owner, error) {
	return rows(ctx, s, "look up email address", `SELECT CAST(e.user_id AS TEXT), e.verified, COALESCE(x.exclusive, TRUE) FROM account_emailaddress e
		LEFT JOIN {django_emails} x ON x.address_id = e.id WHERE e.email = ? ORDER BY e.id`+s.forUpdate("e"), []any{email},
		func(scan func(...any) error) (o owner, err error) {
			var key string
			err = scan(&key, &o.verified, &o.exclusive)
			o.userID = s.userID(key)
			return o, err
		})
}

// AddEmail implements account.EmailStore. Of concurrent calls here and in Django for one
// verified address one succeeds, by Django's index unique_verified_email.
func (s *Store) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return s.changeEmails(ctx, a.UserID, a.Email, func(ctx context.Context, key any) error {
		list, err := s.owners(ctx, a.Email)
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.userID == a.UserID || o.verified && (a.Verified || exclusive) || o.exclusive && !o.verified && exclusive && !a.Verified {
				return authn.ErrConflict
			}
		}
		if a.Verified {
			if err := s.dropClaims(ctx, a.UserID, a.Email); err != nil {
				return err
			}
		}
		if a.Primary { // Django's index unique_primary_email allows one
			if _, err := s.exec(ctx, "clear primary email address", `UPDATE account_emailaddress SET "primary" = FALSE WHERE user_id = ?key AND "primary"`, key); err != nil {
				return err
			}
		}
		return conflict(s.insertEmail(ctx, a, exclusive || a.Verified))
	})
}

// dropClaims ends the claims of other users who have not verified the address.
func (s *Store) dropClaims(ctx context.Context, except, email string) error {
	key, _ := s.key(except)
	_, err := s.exec(ctx, "drop claims", `INSERT INTO {django_emails} (address_id, exclusive, created_at)
		SELECT e.id, FALSE, `+s.joinedMicros()+` FROM account_emailaddress e JOIN {users} u ON u.[id] = e.user_id
		WHERE e.email = ? AND e.user_id <> ?key AND NOT e.verified
		ON CONFLICT (address_id) DO UPDATE SET exclusive = FALSE`, email, key)
	return err
}

// joinedMicros selects the time at which the user u joined, in microseconds.
func (s *Store) joinedMicros() string {
	switch {
	case s.cfg.Users.DateJoined == "":
		return "0"
	case s.postgres:
		return `CAST(EXTRACT(EPOCH FROM u.[date_joined]) * 1000000 AS BIGINT)`
	}
	return `CAST(strftime('%s', u.[date_joined]) AS INTEGER) * 1000000`
}

// VerifyEmail implements account.EmailStore.
func (s *Store) VerifyEmail(ctx context.Context, userID, email string) (won bool, err error) {
	err = s.changeEmails(ctx, userID, email, func(ctx context.Context, key any) error {
		won = false
		list, err := s.owners(ctx, email)
		if err != nil {
			return err
		}
		own, taken := false, false
		for _, o := range list {
			switch {
			case o.userID == userID && o.verified:
				return nil
			case o.userID == userID:
				own = true
			case o.verified:
				taken = true
			}
		}
		switch {
		case !own:
			return authn.ErrNotFound
		case taken:
			return authn.ErrConflict
		}
		if err := s.dropClaims(ctx, userID, email); err != nil {
			return err
		}
		n, err := s.exec(ctx, "verify email address", `UPDATE account_emailaddress SET verified = TRUE WHERE user_id = ?key AND email = ? AND NOT verified`, key, email)
		won = n > 0
		return conflict(err)
	})
	return won && err == nil, err
}

// SetPrimaryEmail implements account.EmailStore.
func (s *Store) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.changeEmails(ctx, userID, email, func(ctx context.Context, key any) error {
		if _, err := s.exec(ctx, "clear primary email address", `UPDATE account_emailaddress SET "primary" = FALSE WHERE user_id = ?key AND email <> ? AND "primary"`, key, email); err != nil {
			return err
		}
		n, err := s.exec(ctx, "set primary email address", `UPDATE account_emailaddress SET "primary" = TRUE WHERE user_id = ?key AND email = ?`, key, email)
		if err == nil && n == 0 {
			return authn.ErrNotFound
		}
		return conflict(err)
	})
}

// DeleteEmail implements account.EmailStore. It also deletes confirmations that Django
// stored for the address.
func (s *Store) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.changeEmails(ctx, userID, email, func(ctx context.Context, key any) error {
		for _, table := range []string{`{django_emails} WHERE address_id`, `account_emailconfirmation WHERE email_address_id`} {
			if _, err := s.exec(ctx, "delete email address", `DELETE FROM `+table+` IN (SELECT id FROM account_emailaddress WHERE user_id = ?key AND email = ?)`, key, email); err != nil {
				return err
			}
		}
		n, err := s.exec(ctx, "delete email address", `DELETE FROM account_emailaddress WHERE user_id = ?key AND email = ?`, key, email)
		if err == nil && n == 0 {
			return authn.ErrNotFound
		}
		return err
	})
}

// follow writes the primary address to the column of the user model. If the column is
// unique, a verified address is removed from the rows of other users, and an unverified
// one is written only if no other row has it.
func (s *Store) follow(ctx context.Context, key any) error {
	if s.cfg.Users.Email == "" {
		return nil
	}
	t, err := s.read(ctx)
	if err != nil {
		return err
	}
	var email, current string
	var verified bool
	err = s.row(ctx, "load primary email address", `SELECT email, verified FROM account_emailaddress WHERE user_id = ?key AND "primary"`, []any{key}, &email, &verified)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return err
	}
	if err := s.row(ctx, "load user", `SELECT [email] FROM {users} WHERE [id] = ?key`, []any{key}, &current); err != nil {
		return err
	}
	if current == email || email == "" && strings.HasSuffix(current, noAddress) {
		return nil
	}
	none := `''`
	if t.uniqueEmail {
		none = s.idText("[id]") + ` || '` + noAddress + `'`
	}
	if email == "" {
		_, err := s.exec(ctx, "clear the address of the user", `UPDATE {users} SET [email] = `+none+` WHERE [id] = ?key`, key)
		return err
	}
	if !t.uniqueEmail {
		_, err := s.exec(ctx, "store the address of the user", `UPDATE {users} SET [email] = ? WHERE [id] = ?key`, email, key)
		return err
	}
	if verified {
		if _, err := s.exec(ctx, "clear the address of other users", `UPDATE {users} SET [email] = `+none+` WHERE lower([email]) = ? AND [id] <> ?key`, email, key); err != nil {
			return err
		}
	}
	_, err = s.exec(ctx, "store the address of the user", `UPDATE {users} SET [email] = ? WHERE [id] = ?key AND NOT EXISTS (SELECT 1 FROM {users} o WHERE o.[email] = ? AND o.[id] <> ?key)`, email, key, email, key)
	return err
}
