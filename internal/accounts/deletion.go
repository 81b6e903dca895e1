package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/users"
)

// DeletionOf returns the deletion that a user has requested. Returns authn.ErrNotFound
// if there is none.
func (s *Service) DeletionOf(ctx context.Context, userID string) (*users.Deletion, error) {
	return s.deletions.DeletionByUser(ctx, userID)
}

// RequestDeletion schedules the deletion of the account of the logged-in user, mails the
// owner, and ends all sessions. A deletion that was requested before stays as it is.
// Returns work.ErrReauthenticate if the user has not authenticated recently.
func (s *Flows) RequestDeletion(ctx context.Context, sess *login.Session, grace time.Duration) (d *users.Deletion, err error) {
	if err := s.pipeline.RequireRecent(ctx, sess); err != nil {
		return nil, err
	}
	now := s.deps.Now()
	err = s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		userID := sess.UserID()
		d, err = s.DeletionOf(ctx, userID)
		if errors.Is(err, authn.ErrNotFound) {
			d = &users.Deletion{UserID: userID, RequestedAt: now, DueAt: now.Add(grace)}
			err = s.schedule(ctx, sess, *d)
		}
		if err != nil {
			return err
		}
		if err := s.pipeline.Distrust(ctx, userID); err != nil {
			return err
		}
		if err := s.sessions.EndAll(ctx, userID, ""); err != nil {
			return err
		}
		s.Logout(ctx, sess)
		return nil
	})
	return d, err
}

// schedule stores a requested deletion, publishes the event and mails the owner.
func (s *Service) schedule(ctx context.Context, sess *login.Session, d users.Deletion) error {
	if err := s.deletions.ScheduleDeletion(ctx, d); err != nil {
		return fmt.Errorf("schedule deletion: %w", err)
	}
	work.Emit(ctx, d.UserID, users.DeletionRequested{DueAt: d.DueAt})
	return s.Notify(ctx, sess, "account/deletion_requested", sess.Identity, map[string]any{
		"DeletionTime": d.DueAt,
	})
}

// CancelDeletion cancels the deletion that a user has requested. Returns
// authn.ErrNotFound if there is none.
func (s *Flows) CancelDeletion(ctx context.Context, userID string) error {
	return s.Administer(ctx, userID, func(ctx context.Context, _ *authn.User) error {
		if err := s.deletions.CancelDeletion(ctx, userID); err != nil {
			return err
		}
		work.Emit(ctx, userID, users.DeletionCancelled{})
		return nil
	})
}

// Forget deletes a user in a transaction: it calls before, if the user exists, and then
// forget, which deletes all rows. With a due time it does so only if a deletion that the
// user has requested is due, and mails the owner; it reports whether it did.
func (s *Flows) Forget(ctx context.Context, userID string, due time.Time, before func(ctx context.Context, u *authn.User) error, forget func(ctx context.Context, userID string) error) (done bool, err error) {
	err = s.deps.InTx(ctx, func(ctx context.Context) error {
		done = false
		user, err := s.lock(ctx, userID)
		if err != nil && !errors.Is(err, authn.ErrNotFound) {
			return err
		}
		if !due.IsZero() {
			d, err := s.DeletionOf(ctx, userID)
			if errors.Is(err, authn.ErrNotFound) || err == nil && d.DueAt.After(due) {
				return nil // cancelled, or done by another server
			}
			if err != nil {
				return err
			}
		}
		if user != nil {
			if err := s.beforeForget(ctx, user, !due.IsZero(), before); err != nil {
				return err
			}
		}
		if err := forget(ctx, userID); err != nil {
			return err
		}
		done = true
		return nil
	})
	return done, err
}

// beforeForget calls the host's hook, publishes the event, and mails an owner who has
// requested the deletion.
func (s *Flows) beforeForget(ctx context.Context, user *authn.User, requested bool, before func(ctx context.Context, u *authn.User) error) error {
	if requested && !s.deps.DisableEmailNotifications {
		owner, err := s.Identify(ctx, user.ID)
		if err != nil {
			return err
		}
		if err := s.deps.Post.Mail(ctx, "account/deleted", owner.Email, user, map[string]any{"User": login.NameOf(user)}, messageLifetime); err != nil {
			return err
		}
	}
	work.Emit(ctx, user.ID, users.Deleted{})
	if before == nil {
		return nil
	}
	return before(ctx, user)
}

// DueDeletions returns deletions that are due, see users.DeletionStore.
func (s *Service) DueDeletions(ctx context.Context, now time.Time, after string, limit int) ([]users.Deletion, error) {
	return s.deletions.DueDeletions(ctx, now, after, limit)
}
