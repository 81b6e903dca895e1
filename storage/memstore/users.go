package memstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"time"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

const usersByID = 0

func newUsers() table[authn.User] {
	return newTable(func(u authn.User) authn.User {
		u.Extra = maps.Clone(u.Extra)
		return u
	}, 1, func(u *authn.User) key { return key{text: u.ID} })
}

// CreateUser implements authn.UserStore.
func (s *Store) CreateUser(ctx context.Context, u authn.NewUser) (*authn.User, error) {
	id, err := rand.Int(rand.Reader, big.NewInt(maxUserID))
	if err != nil {
		return nil, fmt.Errorf("memstore: create user: %w", err)
	}
	return s.createUser(ctx, id.String(), u)
}

// maxUserID is the largest id of a user.
const maxUserID = 1<<53 - 1

func (s *Store) createUser(ctx context.Context, id string, u authn.NewUser) (*authn.User, error) {
	user := authn.User{
		ID: id, Username: u.Username, Display: u.Display, Extra: maps.Clone(u.Extra), CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
	if err := s.write(ctx, func(tx *snapshot) error { return tx.users.add(user) }); err != nil {
		return nil, err
	}
	return &user, nil
}

// UserByID implements authn.UserStore.
func (s *Store) UserByID(ctx context.Context, id string) (*authn.User, error) {
	return read(ctx, s, func(now *snapshot) (*authn.User, error) { return now.users.load(usersByID, key{text: id}) })
}

// Profile implements account.Store.
func (s *Store) Profile(ctx context.Context, userID string) (p *authn.Profile, emails []account.EmailAddress, phone *account.Phone, err error) {
	_, err = read(ctx, s, func(now *snapshot) (struct{}, error) {
		p = now.profile(userID)
		p.Sessions = 0
		for range now.sessions.all(sessionsByUser, userID) {
			p.Sessions++
		}
		for row := range now.emails.all(emailsByUser, userID) {
			emails = append(emails, row.EmailAddress)
		}
		if row, err := now.phones.load(phonesByUser, key{text: userID}); err == nil {
			phone = &row.Phone
		}
		return struct{}{}, nil
	})
	return p, emails, phone, err
}

func (now *snapshot) profile(userID string) *authn.Profile {
	p := &authn.Profile{Sessions: -1}
	p.User, _ = now.users.load(usersByID, key{text: userID})
	if row := now.passwords.get(passwordsByUser, key{text: userID}); row != nil {
		p.PasswordHash = row.hash
	}
	for row := range now.emails.all(emailsByUser, userID) {
		if row.Primary || row.Verified && p.Email == "" {
			p.Email = row.Email
		}
		if row.Primary {
			break
		}
	}
	return p
}

// ProfileOrigin implements account.Store.
func (s *Store) ProfileOrigin() any { return s }
