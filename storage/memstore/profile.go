package memstore

import (
	"context"
	"maps"

	"github.com/allauth-go/allauth/authn"
)

// Profile implements account.Store.
func (s *Store) Profile(ctx context.Context, userID string) (*authn.Profile, error) {
	p := &authn.Profile{}
	err := s.read(ctx, func() error {
		*p = s.profile(userID)
		return nil
	})
	return p, err
}

// profile reads a profile with the lock held.
func (s *Store) profile(userID string) authn.Profile {
	p := authn.Profile{PasswordHash: s.passwords[userID]}
	if user, ok := s.users[userID]; ok {
		user.Extra = maps.Clone(user.Extra)
		p.User = &user
	}
	for _, row := range s.emails[userID] {
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
