package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
)

// This file adopts the users who had an account before the library came. Until
// the library has a row of a user, the address in the application's column is
// shown to it as if it had one: the server can listen at once, whatever the size
// of the table. The row is written when the address first changes, or by
// adoptAll, which works beside the server. Once that has finished and no older
// server writes to the table, the file can be removed, and its calls with it.

// unknown selects the rows of users whom the library has no address of.
const unknown = `SELECT CAST(id AS TEXT), email, created_at,
		NOT EXISTS (SELECT 1 FROM allauth_phones WHERE user_id = CAST(users.id AS TEXT) AND verified)
	FROM users WHERE email NOT LIKE '%@unknown.invalid'
		AND NOT EXISTS (SELECT 1 FROM allauth_emails WHERE user_id = CAST(users.id AS TEXT)) AND `

// existing returns addresses of the column that the library has no row of. Set
// Verified only if the application has always made users verify their address
// before they could use it: otherwise a user who signed up with the address of
// another person would own it.
func (u users) existing(ctx context.Context, condition string, args ...any) (list []account.EmailAddress, err error) {
	rows, err := u.conn(ctx).QueryContext(ctx, unknown+condition, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err returns its error
	for rows.Next() {
		a := account.EmailAddress{Primary: true, Verified: false}
		if err := rows.Scan(&a.UserID, &a.Email, &a.CreatedAt, &a.OwnerUnverified); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// The column is read first: a user who is adopted meanwhile is then found in both
// tables, and not in neither.

// EmailsByUser implements account.EmailStore.
func (u users) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	if !isKey(userID) {
		return u.Store.EmailsByUser(ctx, userID)
	}
	existing, err := u.known(u.existing(ctx, `id = $1`, userID))
	if err != nil {
		return nil, err
	}
	list, err := u.Store.EmailsByUser(ctx, userID)
	if err != nil || len(list) > 0 {
		return list, err
	}
	return existing, nil
}

// EmailsByAddress implements account.EmailStore. It asks both tables whether or
// not there is an account, so that the time does not tell.
func (u users) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	if email != plain(email) {
		return u.Store.EmailsByAddress(ctx, email)
	}
	existing, err := u.known(u.existing(ctx, `lower(email) = $1 ORDER BY created_at`, email))
	if err != nil {
		return nil, err
	}
	list, err := u.Store.EmailsByAddress(ctx, email)
	for _, a := range existing {
		if !slices.ContainsFunc(list, func(b account.EmailAddress) bool { return b.UserID == a.UserID }) {
			list = append(list, a)
		}
	}
	return list, err
}

// known returns the addresses that are valid, in the form in which the library
// compares them.
func (u users) known(found []account.EmailAddress, err error) (list []account.EmailAddress, _ error) {
	for _, a := range found {
		email, ok := identifier.KnownEmail(a.Email)
		if !ok {
			slog.Warn("the email address is not valid", "user", a.UserID)
			continue
		}
		a.Email = email
		list = append(list, a)
	}
	return list, err
}

// adoptConcerned adopts the user, and those with that address.
func (u users) adoptConcerned(ctx context.Context, userID, email string) error {
	if !isKey(userID) {
		userID = uuid.Nil.String()
	}
	found, err := u.known(u.existing(ctx, `(id = $1 OR lower(email) = $2) ORDER BY users.id`+u.lock, userID, plain(email)))
	if err != nil {
		return err
	}
	return u.AddEmails(ctx, found...)
}

// batch is how many users adoptAll adopts in one transaction, for which other
// requests wait that change one of them.
const batch = 100

// adoptAll adopts all users, beside the server, and returns how many. It can be
// called by several servers, and at every start.
func (u users) adoptAll(ctx context.Context) (adopted int, err error) {
	for last := uuid.Nil.String(); ; {
		var found []account.EmailAddress
		begin := time.Now()
		err := u.InTx(ctx, func(ctx context.Context) error {
			found, err = u.existing(ctx, `id > $1 ORDER BY users.id LIMIT $2`+u.skipLocked, last, batch)
			if err != nil {
				return err
			}
			valid, err := u.known(found, nil)
			if err != nil {
				return err
			}
			return u.AddEmails(ctx, valid...)
		})
		switch {
		case errors.Is(err, authn.ErrCollision): // with a request: the same once more
			continue
		case err != nil || len(found) == 0:
			return adopted, err
		}
		last, adopted = found[len(found)-1].UserID, adopted+len(found)
		select {
		case <-time.After(time.Since(begin)): // the requests' turn
		case <-ctx.Done():
			return adopted, ctx.Err()
		}
	}
}
