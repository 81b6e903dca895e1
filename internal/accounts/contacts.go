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

// contacts are the email addresses and the phone number of one account. They
// decide what a proof of one of them is worth: an account with a verified
// contact belongs to the user who verified it, and its unverified contacts do
// not speak for it. An account without one belongs to the first user who
// proves any of its contacts.
type contacts struct {
	emails []account.EmailAddress
	phone  *account.Phone // nil if there is none
}

func (s *Service) contactsOf(ctx context.Context, userID string) (contacts, error) {
	rows := s.rowsOf(userID)
	emails, err := rows.EmailsByUser(ctx, userID)
	if err != nil {
		return contacts{}, fmt.Errorf("load email addresses: %w", err)
	}
	phone, err := rows.PhoneByUser(ctx, userID)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return contacts{}, fmt.Errorf("load phone number: %w", err)
	}
	return contacts{emails, phone}, nil
}

// anyVerified reports whether the user has verified a contact.
func (c contacts) anyVerified() bool {
	return c.phone != nil && c.phone.Verified || slices.ContainsFunc(c.emails, func(e account.EmailAddress) bool { return e.Verified })
}

// find reports whether the address or number is a contact of the account, and
// whether it is verified.
func (c contacts) find(contact string) (found, verified bool) {
	if c.phone != nil && c.phone.Number == contact {
		return true, c.phone.Verified
	}
	i := slices.IndexFunc(c.emails, func(e account.EmailAddress) bool { return e.Email == contact })
	return i >= 0, i >= 0 && c.emails[i].Verified
}

// onlyVerified returns the verified contacts.
func (c contacts) onlyVerified() contacts {
	verified := contacts{emails: slices.DeleteFunc(slices.Clone(c.emails), func(e account.EmailAddress) bool { return !e.Verified })}
	if c.phone != nil && c.phone.Verified {
		verified.phone = c.phone
	}
	return verified
}

// requireOnAccount returns work.ErrNotPending if the address or number that a
// login waits for was taken off the account, or replaced, in another session:
// its code adds it no more.
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

// speaks reports whether the address or number can recover the account.
func (c contacts) speaks(contact string) bool {
	found, verified := c.find(contact)
	return verified || found && !c.anyVerified()
}

// claimants returns the rows of the accounts for which the address speaks: that
// of the user who verified it, or those of accounts without a verified contact.
// silent is true if it is on other accounts, too, for which it does not speak.
func (s *Service) claimants(ctx context.Context, email string) (claims []account.EmailAddress, silent bool, err error) {
	rows, err := s.store.EmailsByAddress(ctx, email)
	if err != nil {
		return nil, false, fmt.Errorf("look up email address: %w", err)
	}
	return speaking(ctx, s, rows, email, func(e account.EmailAddress) claim { return claim{e.UserID, e.Verified, e.OwnerUnverified} })
}

// phoneClaimants is claimants for a number.
func (s *Service) phoneClaimants(ctx context.Context, number string) (claims []account.Phone, silent bool, err error) {
	rows, err := s.store.PhonesByNumber(ctx, number)
	if err != nil {
		return nil, false, fmt.Errorf("look up phone number: %w", err)
	}
	return speaking(ctx, s, rows, number, func(p account.Phone) claim { return claim{p.UserID, p.Verified, p.OwnerUnverified} })
}

// claim is what the row of an address or number tells of its user.
type claim struct {
	userID                    string
	verified, ownerUnverified bool
}

// speaking returns the rows of the accounts for which the contact speaks. A store
// with profiles tells it with the rows; otherwise the contacts of each account are
// read.
func speaking[T any](ctx context.Context, s *Service, rows []T, contact string, get func(T) claim) (claims []T, silent bool, err error) {
	if len(rows) == 0 && !s.profiles {
		_, err := s.contactsOf(ctx, "") // an unverified address takes as long
		return nil, false, err
	}
	for _, row := range rows {
		of := get(row)
		speaks := of.ownerUnverified
		if !s.profiles {
			c, err := s.contactsOf(ctx, of.userID)
			if err != nil {
				return nil, false, err
			}
			speaks = c.speaks(contact)
		}
		switch {
		case of.verified:
			return []T{row}, false, nil
		case speaks:
			claims = append(claims, row)
		default:
			silent = true
		}
	}
	return claims, silent, nil
}

// exclusive reports whether an address is added so that no other sign-up can have it:
// unless the configuration accepts duplicates, or the address is silent, as accounts
// for which it does not speak do not keep it from others.
func (s *Service) exclusive(silent bool) bool { return !s.acceptsDuplicates() && !silent }
