package memstore

import (
	"context"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
)

// email is an email address of a user.
type email struct {
	account.EmailAddress
	claim  bool  // the address was added exclusively, or is verified
	number int64 // increases with each added address
}

const (
	emailsByUser = iota
	emailsByAddress
)

func newEmails() table[email] {
	return newTable(asIs, 1,
		func(e *email) key { return key{text: e.UserID, number: e.number} },
		func(e *email) key {
			if e.Verified {
				return key{text: e.Email} // the verified address comes first
			}
			return key{text: e.Email, number: e.number}
		})
}

// emailOf returns a copy of the user's row, or ErrNotFound.
func (now *snapshot) emailOf(userID, address string) (email, error) {
	for row := range now.emails.all(emailsByUser, userID) {
		if row.Email == address {
			return *row, nil
		}
	}
	return email{}, authn.ErrNotFound
}

// dropEmailClaims ends the exclusive claims of all users to an address.
func (now *snapshot) dropEmailClaims(address string) {
	for row := range now.emails.all(emailsByAddress, address) {
		unclaimed := *row
		unclaimed.claim = false
		now.emails.put(unclaimed)
	}
}

// AddEmail implements account.EmailStore.
func (s *Store) AddEmail(ctx context.Context, a account.EmailAddress, exclusive bool) error {
	return s.write(ctx, func(tx *snapshot) error {
		for row := range tx.emails.all(emailsByAddress, a.Email) {
			if row.UserID == a.UserID || (a.Verified || exclusive) && row.Verified || exclusive && row.claim {
				return authn.ErrConflict
			}
		}
		if a.Verified {
			tx.dropEmailClaims(a.Email)
		}
		tx.emails.put(email{a, exclusive || a.Verified, s.last.Add(1)})
		return nil
	})
}

// EmailsByUser implements account.EmailStore.
func (s *Store) EmailsByUser(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	return read(ctx, s, func(now *snapshot) ([]account.EmailAddress, error) {
		return list(&now.emails, emailsByUser, userID, func(e email) account.EmailAddress { return e.EmailAddress })
	})
}

// EmailsByAddress implements account.EmailStore.
func (s *Store) EmailsByAddress(ctx context.Context, address string) ([]account.EmailAddress, error) {
	return read(ctx, s, func(now *snapshot) ([]account.EmailAddress, error) {
		return list(&now.emails, emailsByAddress, address, func(e email) account.EmailAddress {
			e.OwnerUnverified = now.unverified(e.UserID)
			return e.EmailAddress
		})
	})
}

// unverified reports whether the user has verified neither an address nor a number.
func (now *snapshot) unverified(userID string) bool {
	for row := range now.emails.all(emailsByUser, userID) {
		if row.Verified {
			return false
		}
	}
	number := now.phones.get(phonesByUser, key{text: userID})
	return number == nil || !number.Verified
}

// VerifyEmail implements account.EmailStore.
func (s *Store) VerifyEmail(ctx context.Context, userID, email string) (bool, error) {
	won := false
	err := s.write(ctx, func(tx *snapshot) error {
		own, err := tx.emailOf(userID, email)
		if err != nil || own.Verified {
			return err
		}
		for row := range tx.emails.all(emailsByAddress, email) {
			if row.Verified {
				return authn.ErrConflict
			}
		}
		tx.dropEmailClaims(email)
		own.Verified, own.claim, won = true, true, true
		tx.emails.put(own)
		return nil
	})
	return won, err
}

// SetPrimaryEmail implements account.EmailStore.
func (s *Store) SetPrimaryEmail(ctx context.Context, userID, email string) error {
	return s.write(ctx, func(tx *snapshot) error {
		if _, err := tx.emailOf(userID, email); err != nil {
			return err
		}
		for row := range tx.emails.all(emailsByUser, userID) {
			changed := *row
			changed.Primary = row.Email == email
			tx.emails.put(changed)
		}
		return nil
	})
}

// DeleteEmail implements account.EmailStore.
func (s *Store) DeleteEmail(ctx context.Context, userID, email string) error {
	return s.write(ctx, func(tx *snapshot) error {
		row, err := tx.emailOf(userID, email)
		if err != nil {
			return err
		}
		tx.emails.remove(&row)
		return nil
	})
}
