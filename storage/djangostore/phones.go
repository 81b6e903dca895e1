package djangostore

import (
	"context"
	"slices"

	"github.com/allauth-go/allauth/account"
)

// phones returns the store of phone numbers.
func (s *Store) phones() account.PhoneStore {
	if s.cfg.Phones != nil {
		return s.cfg.Phones
	}
	return s.Store
}

// SetPhone implements account.PhoneStore.
func (s *Store) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	return s.phones().SetPhone(ctx, p, exclusive)
}

// VerifyPhone implements account.PhoneStore.
func (s *Store) VerifyPhone(ctx context.Context, userID, number string) error {
	return s.phones().VerifyPhone(ctx, userID, number)
}

// DeletePhone implements account.PhoneStore.
func (s *Store) DeletePhone(ctx context.Context, userID string) error {
	return s.phones().DeletePhone(ctx, userID)
}

// PhoneByUser implements account.PhoneStore.
func (s *Store) PhoneByUser(ctx context.Context, userID string) (*account.Phone, error) {
	return s.phones().PhoneByUser(ctx, userID)
}

// PhonesByNumber implements account.PhoneStore. It looks at the addresses of a user who
// does not exist if there are no rows, so that an unknown number takes as long.
func (s *Store) PhonesByNumber(ctx context.Context, number string) ([]account.Phone, error) {
	list, err := s.phones().PhonesByNumber(ctx, number)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		_, err := s.EmailsByUser(ctx, s.decoyID())
		return nil, err
	}
	for i := range list {
		emails, err := s.EmailsByUser(ctx, list[i].UserID)
		if err != nil {
			return nil, err
		}
		list[i].OwnerUnverified = !list[i].Verified && !slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Verified })
	}
	return list, nil
}

// decoyID is the id of a user who does not exist.
func (s *Store) decoyID() string {
	if s.cfg.Users.Key == UUID {
		return "00000000-0000-0000-0000-000000000000"
	}
	return "0"
}
