package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

// reclaim is called when somebody proves, by recovery, an address that nobody
// had proved before. Whoever made the account may have been somebody else, so
// everything that lets them back in goes: the password, sessions, factors,
// providers, and all other addresses.
func (s *Service) reclaim(ctx context.Context, sess *flow.Session, userID, email string) error {
	emails, err := s.store.EmailsByUser(ctx, userID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	for _, e := range emails {
		if e.Email == email && e.Verified {
			return nil
		}
	}
	for _, e := range emails {
		if e.Email == email {
			continue
		}
		if err := s.store.DeleteEmail(ctx, userID, e.Email); err != nil && !errors.Is(err, authn.ErrNotFound) {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
	}
	if err := s.store.SetPrimaryEmail(ctx, userID, email); err != nil {
		return fmt.Errorf("set primary e-mail address: %w", err)
	}
	if err := s.pipeline.Evict(ctx, userID); err != nil {
		return err
	}
	if err := s.pipeline.Rebind(ctx, sess, userID); err != nil {
		return err
	}
	sess.Emit(AddressReclaimed{UserID: userID, Email: email})
	return nil
}

// Evict implements flow.Room.
func (r room) Evict(ctx context.Context, userID string) error {
	if err := r.removePassword(ctx, userID); err != nil {
		return err
	}
	return r.deps.Challenges.Store.DeleteUserChallenges(ctx, purposeVerifyEmail, userID)
}
