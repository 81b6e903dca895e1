package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/work"
)

// contacts are the email addresses and the phone number of an account. A verified contact
// recovers the account. An unverified contact recovers it only if the account has no
// verified one: the account belongs to the first user who verifies one of its contacts.
type contacts struct {
	emails []account.EmailAddress
	phone  *account.Phone // nil if there is none
}

func (s *Service) contactsOf(ctx context.Context, userID string) (contacts, error) {
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return contacts{}, err
	}
	phone, err := s.phoneOf(ctx, userID)
	return contacts{emails, phone}, err
}

// emailsOf returns the addresses of a user, or, with an empty id, of a decoy.
func (s *Service) emailsOf(ctx context.Context, userID string) ([]account.EmailAddress, error) {
	emails, err := s.rowsOf(userID).EmailsByUser(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("load email addresses: %w", err)
	}
	return emails, nil
}

// phoneOf returns the number of a user, or, with an empty id, of a decoy, and nil if there
// is none.
func (s *Service) phoneOf(ctx context.Context, userID string) (*account.Phone, error) {
	phone, err := s.rowsOf(userID).PhoneByUser(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load phone number: %w", err)
	}
	return phone, nil
}

func findEmail(emails []account.EmailAddress, email string) (account.EmailAddress, bool) {
	i := slices.IndexFunc(emails, func(e account.EmailAddress) bool { return e.Email == email })
	if i < 0 {
		return account.EmailAddress{}, false
	}
	return emails[i], true
}

func anyVerified(emails []account.EmailAddress) bool {
	return slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Verified })
}

// anyVerified reports whether the user has verified a contact.
func (c contacts) anyVerified() bool {
	return c.phone != nil && c.phone.Verified || anyVerified(c.emails)
}

// find reports whether the address or number is a contact of the account, and
// whether it is verified.
func (c contacts) find(contact string) (found, verified bool) {
	if c.phone != nil && c.phone.Number == contact {
		return true, c.phone.Verified
	}
	email, found := findEmail(c.emails, contact)
	return found, email.Verified
}

// onlyVerified returns the verified contacts.
func (c contacts) onlyVerified() contacts {
	verified := contacts{emails: slices.DeleteFunc(slices.Clone(c.emails), func(e account.EmailAddress) bool { return !e.Verified })}
	if c.phone != nil && c.phone.Verified {
		verified.phone = c.phone
	}
	return verified
}

// requireOnAccount returns work.ErrNotPending if another session has removed or replaced
// the contact for whose code a login waits.
func (s *Service) requireOnAccount(ctx context.Context, awaited *authn.Challenge) error {
	c, err := s.contactsOf(ctx, awaited.UserID)
	if err != nil {
		return err
	}
	if found, _ := c.find(awaited.Subject); !found {
		return work.ErrNotPending
	}
	return nil
}

// recovers reports whether the address or number can recover the account.
func (c contacts) recovers(contact string) bool {
	found, verified := c.find(contact)
	return verified || found && !c.anyVerified()
}

// recoverableByEmail returns the rows of the accounts that the address can recover: that
// of the user who has verified it, or those of accounts without a verified contact.
// onOthers is true if the address is also on accounts that it cannot recover.
func (s *Service) recoverableByEmail(ctx context.Context, email string) (list []account.EmailAddress, onOthers bool, err error) {
	rows, err := s.store.EmailsByAddress(ctx, email)
	if err != nil {
		return nil, false, fmt.Errorf("look up email address: %w", err)
	}
	return recoverable(ctx, s, rows, email, func(e account.EmailAddress) claim { return claim{e.UserID, e.Verified, e.OwnerUnverified} })
}

// recoverableByPhone is recoverableByEmail for a number.
func (s *Service) recoverableByPhone(ctx context.Context, number string) (list []account.Phone, onOthers bool, err error) {
	rows, err := s.store.PhonesByNumber(ctx, number)
	if err != nil {
		return nil, false, fmt.Errorf("look up phone number: %w", err)
	}
	return recoverable(ctx, s, rows, number, func(p account.Phone) claim { return claim{p.UserID, p.Verified, p.OwnerUnverified} })
}

// claim is the part of the row of an address or number that concerns its user.
type claim struct {
	userID                    string
	verified, ownerUnverified bool
}

// recoverable returns the rows of the accounts that the contact can recover. It takes this
// from the rows if the store has profiles, and reads the contacts of each account
// otherwise.
func recoverable[T any](ctx context.Context, s *Service, rows []T, contact string, get func(T) claim) (list []T, onOthers bool, err error) {
	if len(rows) == 0 && !s.profiles {
		_, err := s.contactsOf(ctx, "") // takes as long as an unverified address
		return nil, false, err
	}
	for _, row := range rows {
		of := get(row)
		recovers := of.ownerUnverified
		if !s.profiles {
			c, err := s.contactsOf(ctx, of.userID)
			if err != nil {
				return nil, false, err
			}
			recovers = c.recovers(contact)
		}
		switch {
		case of.verified:
			return []T{row}, false, nil
		case recovers:
			list = append(list, row)
		default:
			onOthers = true
		}
	}
	return list, onOthers, nil
}

// exclusive reports whether an address is added exclusively, so that no other sign-up can
// have it: unless the configuration accepts duplicates, or other accounts have the
// address already, which it cannot recover.
func (s *Service) exclusive(onOthers bool) bool { return !s.acceptsDuplicates() && !onOthers }
