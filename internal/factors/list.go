package factors

import (
	"context"

	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/mfa"
)

// Listed is an entry of [Service.Authenticators]. Codes is set for recovery codes, Key
// for security keys.
type Listed struct {
	mfa.Authenticator
	Codes *Codes
	Key   *Key
}

// Authenticators returns the authenticators of the logged-in user, in the order in
// which they were added. Recovery codes are counted, but not included.
func (s *Service) Authenticators(ctx context.Context, sess *login.Session) ([]Listed, error) {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	list, ids := make([]Listed, len(rows)), wireIDs(rows)
	for i, a := range rows {
		list[i].Authenticator = a
		switch a.Type {
		case mfa.RecoveryCodes:
			var set recoverySet
			if err := s.open(&a, &set); err != nil {
				return nil, err
			}
			list[i].Codes = viewOf(a, &set)
			list[i].Codes.Codes = nil
		case mfa.WebAuthn:
			key, err := s.key(&a)
			if err != nil {
				return nil, err
			}
			list[i].Key = s.view(a, ids[i], key)
		}
	}
	return list, nil
}
