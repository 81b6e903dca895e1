package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

// reclaim is called when somebody proves an address by recovery. If nobody had
// proved it before, whoever made the account may have been somebody else, so
// everything that lets them back in goes: the password, sessions, factors,
// providers, the number, and all other addresses. flow.ErrNotPending if the
// address was taken off the account while the proof was under way.
func (s *Service) reclaim(ctx context.Context, sess *flow.Session, userID, email string) error {
	emails, err := s.store.EmailsByUser(ctx, userID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	i := slices.IndexFunc(emails, func(e EmailAddress) bool { return e.Email == email })
	switch {
	case i < 0: // taken off the account meanwhile
		return flow.ErrNotPending
	case emails[i].Verified:
		return nil
	}
	if err := s.deleteEmails(ctx, emails, email); err != nil {
		return err
	}
	if err := s.store.SetPrimaryEmail(ctx, userID, email); err != nil {
		return fmt.Errorf("set primary e-mail address: %w", err)
	}
	if err := s.evict(ctx, sess, userID); err != nil {
		return err
	}
	sess.Emit(AddressReclaimed{UserID: userID, Email: email})
	return nil
}

// reclaimByPhone is reclaim for a number. Where numbers are not verified at all,
// the host takes them as they are.
func (s *Service) reclaimByPhone(ctx context.Context, sess *flow.Session, phone Phone) error {
	if s.cfg.Phone.VerificationDisabled || phone.Verified {
		return nil
	}
	emails, err := s.store.EmailsByUser(ctx, phone.UserID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	if err := s.deleteEmails(ctx, emails, ""); err != nil {
		return err
	}
	if err := s.evict(ctx, sess, phone.UserID); err != nil {
		return err
	}
	sess.Emit(AddressReclaimed{UserID: phone.UserID, Phone: phone.Number})
	return nil
}

func (s *Service) deleteEmails(ctx context.Context, emails []EmailAddress, except string) error {
	for _, e := range emails {
		if e.Email == except {
			continue
		}
		if err := s.store.DeleteEmail(ctx, e.UserID, e.Email); err != nil && !errors.Is(err, authn.ErrNotFound) {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
	}
	return nil
}

func (s *Service) evict(ctx context.Context, sess *flow.Session, userID string) error {
	if err := s.pipeline.Evict(ctx, userID); err != nil {
		return err
	}
	return s.pipeline.Rebind(ctx, sess, userID)
}

// Evict implements flow.Room.
func (r room) Evict(ctx context.Context, userID string) error {
	if err := r.removePassword(ctx, userID); err != nil {
		return err
	}
	if err := r.store.DeletePhone(ctx, userID); err != nil {
		return fmt.Errorf("delete phone number: %w", err)
	}
	for _, purpose := range []string{purposeVerifyEmail, purposeVerifyPhone} {
		if err := r.deps.Challenges.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return fmt.Errorf("void challenges: %w", err)
		}
	}
	return nil
}
