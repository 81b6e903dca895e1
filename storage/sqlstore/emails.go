package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// The column claim holds the address in the row of the user who has verified it
// or, if no user has, of the user who signed up with it. It is unique: of several
// concurrent sign-ups one succeeds.

const emailColumns = `user_id, email, verified, is_primary, created_at`

func scanEmail(scan func(...any) error) (account.EmailAddress, error) {
	var e account.EmailAddress
	var created int64
	err := scan(&e.UserID, &e.Email, &e.Verified, &e.Primary, &created)
	e.CreatedAt = fromMicros(created)
	return e, err
}

// AddEmail implements account.EmailStore.
func (s *Store) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	if !a.Verified || exclusive {
		return s.insertEmail(ctx, a, exclusive)
	}
	return s.atomically(ctx, func(ctx context.Context) error {
		if err := s.dropEmailClaims(ctx, a.UserID, a.Email); err != nil {
			return err
		}
		return s.insertEmail(ctx, a, true)
	})
}

func (s *Store) insertEmail(ctx context.Context, a account.EmailAddress, claims bool) error {
	var claim any
	if claims {
		claim = a.Email
	}
	return s.insert(ctx, "add email address", `{emails} (`+emailColumns+`, claim) VALUES (?, ?, ?, ?, ?, ?)`,
		a.UserID, a.Email, a.Verified, a.Primary, micros(a.CreatedAt), claim)
}

// dropEmailClaims ends the claims of other users who have not verified the
// address.
func (s *Store) dropEmailClaims(ctx context.Context, except, email string) error {
	_, err := s.exec(ctx, "drop claims", `UPDATE {emails} SET claim = NULL WHERE claim = ? AND user_id <> ? AND verified = ?`, email, except, false)
	return err
}

// addedAtOnce is how many rows a statement of AddEmails inserts.
const addedAtOnce = 100

// AddEmails adds the addresses of existing users, for hosts that adopt the library:
// thousands of users in the time that AddEmail takes for some. Each address is added as
// AddEmail with exclusive does or, if that returns authn.ErrConflict, as an unverified
// one without exclusive. An address that its user already has is not an error, and is
// left as it is.
func (s *Store) AddEmails(ctx context.Context, list ...account.EmailAddress) error {
	for some := range slices.Chunk(list, addedAtOnce) {
		if err := s.atomically(ctx, func(ctx context.Context) error { return s.addEmails(ctx, some) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) addEmails(ctx context.Context, list []account.EmailAddress) error {
	var claimed, unclaimed []any
	for _, a := range list {
		if a.Verified {
			if err := s.dropEmailClaims(ctx, a.UserID, a.Email); err != nil {
				return err
			}
		}
		claimed = append(claimed, a.UserID, a.Email, a.Verified, a.Primary, micros(a.CreatedAt), a.Email)
		unclaimed = append(unclaimed, a.UserID, a.Email, false, a.Primary, micros(a.CreatedAt), nil)
	}
	values := strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?), ", len(list)), ", ")
	skip := cmp.Or(s.dialect.ignoreConflict, " "+s.dialect.lockExisting) // MySQL's does not name a column
	for _, rows := range [][]any{claimed, unclaimed} {
		if _, err := s.exec(ctx, "add email addresses", `INSERT INTO {emails} (`+emailColumns+`, claim) VALUES `+values+skip, rows...); err != nil {
			return err
		}
	}
	return nil
}

// EmailsByUser implements account.EmailStore.
func (s *Store) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	return rows(ctx, s, "load email addresses", `SELECT `+emailColumns+` FROM {emails} WHERE user_id = ? ORDER BY id`, []any{userID}, scanEmail)
}

// EmailsByAddress implements account.EmailStore.
func (s *Store) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	return rows(ctx, s, "look up email address", `SELECT `+emailColumns+`, `+ownerUnverified+` FROM {emails} k WHERE email = ? ORDER BY verified DESC, id`,
		[]any{email}, func(scan func(...any) error) (account.EmailAddress, error) {
			var unverified bool
			e, err := scanEmail(func(targets ...any) error { return scan(append(targets, &unverified)...) })
			e.OwnerUnverified = unverified
			return e, err
		})
}

// ownerUnverified tells whether the user of the row k has verified neither an address
// nor a number.
const ownerUnverified = `NOT EXISTS (SELECT 1 FROM {emails} e WHERE e.user_id = k.user_id AND e.verified)
	AND NOT EXISTS (SELECT 1 FROM {phones} n WHERE n.user_id = k.user_id AND n.verified)`

// VerifyEmail implements account.EmailStore.
func (s *Store) VerifyEmail(ctx context.Context, userID, email string) (bool, error) {
	won := false
	err := s.atomically(ctx, func(ctx context.Context) error {
		won = false
		owners, err := rows(ctx, s, "look up email address",
			`SELECT `+emailColumns+` FROM {emails} WHERE email = ? ORDER BY id `+s.dialect.forUpdate, []any{email}, scanEmail)
		if err != nil {
			return err
		}
		own, taken := false, false
		for _, e := range owners {
			switch {
			case e.UserID == userID && e.Verified:
				return nil
			case e.UserID == userID:
				own = true
			case e.Verified:
				taken = true
			}
		}
		switch {
		case !own:
			return authn.ErrNotFound
		case taken:
			return authn.ErrConflict
		}
		if err := s.dropEmailClaims(ctx, userID, email); err != nil {
			return err
		}
		n, err := s.exec(ctx, "verify email address",
			`UPDATE {emails} SET verified = ?, claim = email WHERE user_id = ? AND email = ? AND verified = ?`, true, userID, email, false)
		won = n > 0
		return err
	})
	return won && err == nil, err
}

// SetPrimaryEmail implements account.EmailStore.
func (s *Store) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.atomically(ctx, func(ctx context.Context) error {
		owned, err := rows(ctx, s, "load email addresses",
			`SELECT `+emailColumns+` FROM {emails} WHERE user_id = ? ORDER BY id `+s.dialect.forUpdate, []any{userID}, scanEmail)
		if err != nil {
			return err
		}
		found := false
		for _, e := range owned {
			found = found || e.Email == email
		}
		if !found {
			return authn.ErrNotFound
		}
		if _, err := s.exec(ctx, "clear primary email address",
			`UPDATE {emails} SET is_primary = ? WHERE user_id = ? AND email <> ? AND is_primary = ?`, false, userID, email, true); err != nil {
			return err
		}
		_, err = s.exec(ctx, "set primary email address", `UPDATE {emails} SET is_primary = ? WHERE user_id = ? AND email = ?`, true, userID, email)
		return err
	})
}

// DeleteEmail implements account.EmailStore.
func (s *Store) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.execOne(ctx, "delete email address", authn.ErrNotFound, `DELETE FROM {emails} WHERE user_id = ? AND email = ?`, userID, email)
}
