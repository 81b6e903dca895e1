package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/identifier"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/storage/sqlstore"
	administration "github.com/allauth-go/allauth/users"
)

// users is the library's store with users and password hashes in the
// application's table. docs/own-user-table.md explains it line by line.
type users struct {
	*sqlstore.Store // everything else
	db              *sql.DB
}

func (u users) conn(ctx context.Context) sqlstore.Querier { return sqlstore.Conn(ctx, u.db) }

// CreateUser implements authn.UserStore.
func (u users) CreateUser(ctx context.Context, n authn.NewUser) (*authn.User, error) {
	p := person{ID: uuid.NewString(), Name: n.Display, Since: time.Now().UTC()}
	if _, err := u.conn(ctx).ExecContext(ctx, `INSERT INTO users (id, name, created_at) VALUES (?, ?, ?)`, p.ID, p.Name, p.Since); err != nil {
		return nil, err
	}
	return &authn.User{ID: p.ID, Username: n.Username, Display: p.Name, Record: &p}, nil
}

// UserByID implements authn.UserStore.
func (u users) UserByID(ctx context.Context, id string) (*authn.User, error) {
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
	var hash string
	err := u.conn(ctx).QueryRowContext(ctx, `SELECT password_hash FROM users WHERE id = ? AND password_hash <> ''`, userID).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", authn.ErrNotFound
	}
	return hash, err
}

// SwapPasswordHash implements account.PasswordStore.
func (u users) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	result, err := u.conn(ctx).ExecContext(ctx,
		`UPDATE users SET password_hash = ? WHERE id = ? AND COALESCE(password_hash, '') = ?`, new, userID, old)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return authn.ErrConflict
}

// index is for NextPasswordHash. It is created beside the application's schema.
const index = `; CREATE INDEX IF NOT EXISTS users_password_hash ON users (password_hash)`

// NextPasswordHash implements account.PasswordStore.
func (u users) NextPasswordHash(ctx context.Context, from string) (string, error) {
	var hash string
	err := u.conn(ctx).QueryRowContext(ctx,
		`SELECT password_hash FROM users WHERE password_hash >= ? ORDER BY password_hash LIMIT 1`, from).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", authn.ErrNotFound
	}
	return hash, err
}

// The library keeps the email addresses, as a user can have several and verify
// them. The column email follows the primary one.

// AddEmail implements account.EmailStore.
func (u users) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return u.follow(ctx, a.UserID, func(ctx context.Context) error { return u.Store.AddEmail(ctx, a, exclusive) })
}

// VerifyEmail implements account.EmailStore.
func (u users) VerifyEmail(ctx context.Context, userID, email string) (won bool, err error) {
	err = u.follow(ctx, userID, func(ctx context.Context) error {
		won, err = u.Store.VerifyEmail(ctx, userID, email)
		return err
	})
	return won, err
}

// SetPrimaryEmail implements account.EmailStore.
func (u users) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return u.follow(ctx, userID, func(ctx context.Context) error { return u.Store.SetPrimaryEmail(ctx, userID, email) })
}

// follow changes addresses and writes the primary one to the column, in one
// transaction. The column is unique: a verified address is removed from the rows
// of other users, an unverified one is written only if no other row has it.
func (u users) follow(ctx context.Context, userID string, change func(ctx context.Context) error) error {
	return u.InTx(ctx, func(ctx context.Context) error {
		if err := change(ctx); err != nil {
			return err
		}
		list, err := u.EmailsByUser(ctx, userID)
		if err != nil {
			return err
		}
		for _, a := range list {
			if !a.Primary {
				continue
			}
			if a.Verified {
				if _, err := u.conn(ctx).ExecContext(ctx, `UPDATE users SET email = NULL WHERE email = ? AND id <> ?`, a.Email, userID); err != nil {
					return err
				}
			}
			_, err = u.conn(ctx).ExecContext(ctx, `UPDATE users SET email = ? WHERE id = ?
				AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email = ? AND other.id <> ?)`, a.Email, userID, a.Email, userID)
		}
		return err
	})
}

// ForgetUser implements storage.Keeper. It also deletes the application's row.
func (u users) ForgetUser(ctx context.Context, userID string) error {
	return u.InTx(ctx, func(ctx context.Context) error {
		if err := u.Store.ForgetUser(ctx, userID); err != nil {
			return err
		}
		_, err := u.conn(ctx).ExecContext(ctx, `DELETE FROM users WHERE id = ?`, userID)
		return err
	})
}

// adopt passes the addresses of existing users to the library. It can be called
// at every start: it reads only users that the library does not know yet.
func (u users) adopt(ctx context.Context) error {
	rows, err := u.db.QueryContext(ctx, `SELECT id, email, created_at FROM users
		WHERE email <> '' AND NOT EXISTS (SELECT 1 FROM allauth_emails WHERE user_id = users.id) ORDER BY created_at`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err returns its error
	var found []account.EmailAddress
	for rows.Next() {
		a := account.EmailAddress{Primary: true, Verified: false}
		if err := rows.Scan(&a.UserID, &a.Email, &a.CreatedAt); err != nil {
			return err
		}
		found = append(found, a)
	}
	for _, a := range found {
		email, ok := identifier.KnownEmail(a.Email)
		if !ok {
			slog.WarnContext(ctx, "the email address is not valid", "user", a.UserID)
			continue
		}
		a.Email = email
		err := u.Store.AddEmail(ctx, a, true)
		if errors.Is(err, authn.ErrConflict) {
			// The addresses differ only in case: both users can log in with their
			// passwords until one of them verifies the address.
			slog.WarnContext(ctx, "two accounts have the email address", "user", a.UserID)
			err = u.Store.AddEmail(ctx, a, false)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}
