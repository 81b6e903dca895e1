package storage

import (
	"context"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// WithUsers returns a Store that keeps users in the host's own table and
// everything else in base. If users joins base's transactions (see
// sqlstore.Conn), a sign-up writes the host's row and ours or neither.
func WithUsers(base Store, users authn.UserStore) Store { return withUsers{base, users} }

type withUsers struct {
	Store
	users authn.UserStore
}

func (s withUsers) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	return s.users.CreateUser(ctx, u)
}

func (s withUsers) UserByID(ctx context.Context, id string) (*authn.User, error) {
	return s.users.UserByID(ctx, id)
}

// WithPasswords returns a Store that keeps password hashes in the host's own
// table and everything else in base.
func WithPasswords(base Store, passwords account.PasswordStore) Store {
	return withPasswords{base, passwords}
}

type withPasswords struct {
	Store
	passwords account.PasswordStore
}

func (s withPasswords) PasswordHash(ctx context.Context, userID string) (string, error) {
	return s.passwords.PasswordHash(ctx, userID)
}

func (s withPasswords) SwapPasswordHash(ctx context.Context, userID, old, new string) error {
	return s.passwords.SwapPasswordHash(ctx, userID, old, new)
}

// WithEmails returns a Store that keeps e-mail addresses in the host's own
// table and everything else in base.
func WithEmails(base Store, emails account.EmailStore) Store { return withEmails{base, emails} }

type withEmails struct {
	Store
	emails account.EmailStore
}

func (s withEmails) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return s.emails.AddEmail(ctx, a, exclusive)
}

func (s withEmails) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	return s.emails.EmailsByUser(ctx, userID)
}

func (s withEmails) EmailsByAddress(ctx context.Context, email string) ([]account.EmailAddress, error) {
	return s.emails.EmailsByAddress(ctx, email)
}

func (s withEmails) VerifyEmail(ctx context.Context, userID, email string) (bool, error) {
	return s.emails.VerifyEmail(ctx, userID, email)
}

func (s withEmails) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.emails.SetPrimaryEmail(ctx, userID, email)
}

func (s withEmails) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.emails.DeleteEmail(ctx, userID, email)
}
