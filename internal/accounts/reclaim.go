package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// reclaim is called when a user recovers the account with a contact, without another
// authentication. If the account has no verified contact, another person may have
// created it, so reclaim removes all their ways in: the password, sessions, second
// factors, provider accounts and all other contacts. Returns work.ErrNotPending if the
// contact cannot recover the account, or cannot any more.
func (s *Flows) reclaim(ctx context.Context, sess *login.Session, userID, contact string) error {
	c, err := s.contactsOf(ctx, userID)
	if err != nil {
		return err
	}
	if !c.recovers(contact) {
		return work.ErrNotPending
	}
	if c.anyVerified() {
		return nil
	}
	var reclaimed account.AddressReclaimed
	if c.phone != nil && c.phone.Number == contact {
		if s.cfg.Phone != nil && s.cfg.Phone.VerificationDisabled {
			return nil // numbers are never verified
		}
		reclaimed.Phone = contact
	} else {
		reclaimed.Email = contact
	}
	if err := s.deleteEmails(ctx, c.emails, contact); err != nil {
		return err
	}
	if reclaimed.Email != "" {
		if err := s.store.SetPrimaryEmail(ctx, userID, contact); err != nil {
			return fmt.Errorf("set primary email address: %w", err)
		}
	}
	if err := s.pipeline.Evict(ctx, userID); err != nil {
		return err
	}
	if err := s.pipeline.Rebind(ctx, sess, userID); err != nil {
		return err
	}
	work.Emit(ctx, userID, reclaimed)
	return nil
}

func (s *Service) deleteEmails(ctx context.Context, emails []account.EmailAddress, except string) error {
	for _, e := range emails {
		if e.Email == except {
			continue
		}
		if err := s.store.DeleteEmail(ctx, e.UserID, e.Email); err != nil && !errors.Is(err, authn.ErrNotFound) {
			return fmt.Errorf("delete email address: %w", err)
		}
	}
	return nil
}

// Evict implements login.Ways. It removes the password and the phone number, deletes
// pending verifications, and forgets the devices.
func (s *Service) Evict(ctx context.Context, userID string) error {
	if err := s.forgetEarlierOwner(ctx, userID); err != nil {
		return err
	}
	if err := s.removePassword(ctx, userID); err != nil {
		return err
	}
	if err := s.store.DeletePhone(ctx, userID); err != nil {
		return fmt.Errorf("delete phone number: %w", err)
	}
	for _, purpose := range []string{purposeVerifyEmail, purposeVerifyPhone} {
		if err := s.codes.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return fmt.Errorf("delete challenges: %w", err)
		}
	}
	return nil
}
