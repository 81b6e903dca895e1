package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage/sqlstore"
	administration "github.com/allauth-go/allauth/users"
)

// users is the library's store with users and password hashes in the
// application's table. docs/own-user-table.md explains it line by line.
type users struct {
	*sqlstore.Store // everything else
	db              *sql.DB
	flavor
}

func (u users) conn(ctx context.Context) sqlstore.Querier { return sqlstore.Conn(ctx, u.db) }

// isKey reports whether an id can be one of the table: PostgreSQL fails to
// compare a UUID with another text.
func isKey(id string) bool { return uuid.Validate(id) == nil }

// plain returns a text without what PostgreSQL cannot store. No address has it,
// but clients and providers may send it.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", "")
}

// noAddress is the address of a user who has none that the unique column could
// hold. No mail server has a name below .invalid.
const noAddress = `CAST(id AS TEXT) || '@unknown.invalid'`

// CreateUser implements authn.UserStore.
func (u users) CreateUser(ctx context.Context, n authn.NewUser) (*authn.User, error) {
	p := person{ID: uuid.NewString(), Name: plain(n.Display), Since: time.Now().UTC()}
	if _, err := u.conn(ctx).ExecContext(ctx, `INSERT INTO users (id, email, password_hash, name, created_at) VALUES ($1, $2, '', $3, $4)`,
		p.ID, p.ID+"@unknown.invalid", p.Name, p.Since); err != nil {
		return nil, err
	}
	return &authn.User{ID: p.ID, Username: n.Username, Display: p.Name, Record: &p}, nil
}

// UserByID implements authn.UserStore.
func (u users) UserByID(ctx context.Context, id string) (*authn.User, error) {
	if !isKey(id) {
		return nil, cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	p, err := personByID(ctx, u.conn(ctx), id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, authn.ErrNotFound
	}
	return &authn.User{ID: id, Display: p.Name, Record: p}, err
}

// Directory implements storage.Store. The application lists and changes its users
// itself.
func (u users) Directory() administration.Directory { return nil }

// PasswordHash implements account.PasswordStore.
func (u users) PasswordHash(ctx context.Context, userID string) (string, error) {
	if !isKey(userID) {
		return "", cmp.Or(ctx.Err(), authn.ErrNotFound)
	}
	var hash string
	err := u.conn(ctx).QueryRowContext(ctx, `SELECT password_hash FROM users WHERE id = $1 AND password_hash <> ''`, userID).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", authn.ErrNotFound
	}
	return hash, err
}

// SwapPasswordHash implements account.PasswordStore.
func (u users) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	if !isKey(userID) {
		return cmp.Or(ctx.Err(), authn.ErrConflict)
	}
	result, err := u.conn(ctx).ExecContext(ctx, `UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3`, new, userID, old)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return authn.ErrConflict
}

// NextPasswordHash implements account.PasswordStore.
func (u users) NextPasswordHash(ctx context.Context, from string) (string, error) {
	var hash string
	err := u.conn(ctx).QueryRowContext(ctx,
		`SELECT password_hash FROM users WHERE `+u.hash+` >= $1 ORDER BY `+u.hash+` LIMIT 1`, from).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", authn.ErrNotFound
	}
	return hash, err
}

// ForgetUser implements storage.Keeper. It also deletes the application's row.
func (u users) ForgetUser(ctx context.Context, userID string) error {
	return u.InTx(ctx, func(ctx context.Context) error {
		if err := u.Store.ForgetUser(ctx, userID); err != nil || !isKey(userID) {
			return err
		}
		_, err := u.conn(ctx).ExecContext(ctx, `DELETE FROM users WHERE id = $1`, userID)
		return err
	})
}

// The library keeps the email addresses, as a user can have several and verify
// them. The column email follows the primary one.

// AddEmail implements account.EmailStore.
func (u users) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return u.follow(ctx, a.UserID, a.Email, func(ctx context.Context) error { return u.Store.AddEmail(ctx, a, exclusive) })
}

// VerifyEmail implements account.EmailStore.
func (u users) VerifyEmail(ctx context.Context, userID, email string) (won bool, err error) {
	err = u.follow(ctx, userID, email, func(ctx context.Context) error {
		won, err = u.Store.VerifyEmail(ctx, userID, email)
		return err
	})
	return won, err
}

// SetPrimaryEmail implements account.EmailStore.
func (u users) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return u.follow(ctx, userID, email, func(ctx context.Context) error { return u.Store.SetPrimaryEmail(ctx, userID, email) })
}

// DeleteEmail implements account.EmailStore.
func (u users) DeleteEmail(ctx context.Context, userID, email string) error {
	return u.follow(ctx, userID, email, func(ctx context.Context) error { return u.Store.DeleteEmail(ctx, userID, email) })
}

// follow adopts those whom a change of addresses concerns, makes the change, and
// writes the primary address to the column, in one transaction. The column is
// unique: a verified address is removed from the rows of other users, an
// unverified one is written only if no other row has it.
func (u users) follow(ctx context.Context, userID, email string, change func(ctx context.Context) error) error {
	return u.InTx(ctx, func(ctx context.Context) error {
		if err := u.adoptConcerned(ctx, userID, email); err != nil {
			return err
		}
		if err := change(ctx); err != nil || !isKey(userID) {
			return err
		}
		list, err := u.Store.EmailsByUser(ctx, userID)
		if err != nil {
			return err
		}
		for _, a := range list {
			if !a.Primary {
				continue
			}
			if a.Verified {
				if _, err := u.conn(ctx).ExecContext(ctx, `UPDATE users SET email = `+noAddress+` WHERE lower(email) = $1 AND id <> $2`, a.Email, userID); err != nil {
					return err
				}
			}
			_, err = u.conn(ctx).ExecContext(ctx, `UPDATE users SET email = $1 WHERE id = $2
				AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email = $1 AND other.id <> $2)`, a.Email, userID)
			return err
		}
		_, err = u.conn(ctx).ExecContext(ctx, `UPDATE users SET email = `+noAddress+` WHERE id = $1`, userID)
		return err
	})
}
