package memstore

import (
	"context"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// phone is the phone number of a user.
type phone struct {
	account.Phone
	claim bool // the number was set exclusively, or is verified
}

const (
	phonesByUser = iota
	phonesByNumber
)

func newPhones() table[phone] {
	return newTable(asIs, 1,
		func(p *phone) key { return key{text: p.UserID} },
		func(p *phone) key {
			if p.Verified {
				return key{text: p.Number} // the verified number comes first
			}
			return key{text: p.Number, number: 1, tie: p.UserID}
		})
}

// dropPhoneClaims ends the exclusive claims of all users to a number.
func (now *snapshot) dropPhoneClaims(number string) {
	for row := range now.phones.all(phonesByNumber, number) {
		unclaimed := *row
		unclaimed.claim = false
		now.phones.put(unclaimed)
	}
}

// SetPhone implements account.PhoneStore.
func (s *Store) SetPhone(ctx context.Context, p account.Phone, exclusive bool) error {
	return s.write(ctx, func(tx *snapshot) error {
		for row := range tx.phones.all(phonesByNumber, p.Number) {
			if row.UserID != p.UserID && (row.Verified || exclusive && row.claim) {
				return authn.ErrConflict
			}
		}
		if p.Verified {
			tx.dropPhoneClaims(p.Number)
		}
		tx.phones.put(phone{p, exclusive || p.Verified})
		return nil
	})
}

// VerifyPhone implements account.PhoneStore.
func (s *Store) VerifyPhone(ctx context.Context, userID, number string) error {
	return s.write(ctx, func(tx *snapshot) error {
		own := tx.phones.get(phonesByUser, key{text: userID})
		if own == nil || own.Number != number {
			return authn.ErrNotFound
		}
		for row := range tx.phones.all(phonesByNumber, number) {
			if row.UserID != userID && row.Verified {
				return authn.ErrConflict
			}
		}
		tx.dropPhoneClaims(number)
		verified := phone{own.Phone, true}
		verified.Verified = true
		tx.phones.put(verified)
		return nil
	})
}

// DeletePhone implements account.PhoneStore.
func (s *Store) DeletePhone(ctx context.Context, userID string) error {
	return s.write(ctx, func(tx *snapshot) error {
		tx.phones.removeAll(phonesByUser, userID)
		return nil
	})
}

// PhoneByUser implements account.PhoneStore.
func (s *Store) PhoneByUser(ctx context.Context, userID string) (*account.Phone, error) {
	return read(ctx, s, func(now *snapshot) (*account.Phone, error) {
		row, err := now.phones.load(phonesByUser, key{text: userID})
		if err != nil {
			return nil, err
		}
		return &row.Phone, nil
	})
}

// PhonesByNumber implements account.PhoneStore.
func (s *Store) PhonesByNumber(ctx context.Context, number string) ([]account.Phone, error) {
	return read(ctx, s, func(now *snapshot) ([]account.Phone, error) {
		return list(&now.phones, phonesByNumber, number, func(p phone) account.Phone {
			p.OwnerUnverified = now.unverified(p.UserID)
			return p.Phone
		})
	})
}
