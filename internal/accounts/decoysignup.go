package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// errDecoy undoes what was written for a decoy.
var errDecoy = errors.New("account: a decoy")

// decoySignup answers as if an account had been made, and tells the owner of the
// address or number.
func (s *Flows) decoySignup(ctx context.Context, sess *login.Session, draft *newAccount, opts SignupOptions) error {
	attempt := login.Attempt{Email: draft.user.Email, Phone: draft.user.Phone, Signup: true}
	if opts.Prepare != nil {
		opts.Prepare(&attempt)
	}
	return s.createThenStart(ctx, sess, func(ctx context.Context) error {
		if opts.BeforeCreate != nil {
			if err := opts.BeforeCreate(ctx); err != nil {
				return err
			}
		}
		err := s.undone(ctx, false, func(ctx context.Context, name string) error { return s.createDecoy(ctx, name, draft, opts) })
		standIn(ctx)
		return err
	}, func(ctx context.Context) error {
		if err := s.pipeline.Start(ctx, sess, attempt); err != nil {
			return err
		}
		return s.tellOwner(work.AcceptEarlier(ctx), sess, draft.user)
	})
}

// correctDecoyAddress does the work of correctAddress, and of locking a user who
// does not exist, to no effect.
func (s *Service) correctDecoyAddress(ctx context.Context, userID string) error {
	if _, err := s.decoys.EmailsByUser(ctx, ""); err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	return s.undone(ctx, userID == "", func(ctx context.Context, name string) error {
		address := account.EmailAddress{UserID: name, Email: name, Primary: true, CreatedAt: s.deps.Now()}
		if err := s.decoys.AddEmail(ctx, address, !s.acceptsDuplicates()); err != nil {
			return fmt.Errorf("add e-mail address: %w", err)
		}
		if err := s.decoys.DeleteEmail(ctx, name, name); err != nil {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
		return nil
	})
}

// correctDecoyNumber is correctDecoyAddress for a number.
func (s *Service) correctDecoyNumber(ctx context.Context, userID string) error {
	if _, err := s.decoys.PhoneByUser(ctx, ""); err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("load phone number: %w", err)
	}
	return s.undone(ctx, userID == "", func(ctx context.Context, name string) error {
		if err := s.decoys.SetPhone(ctx, account.Phone{UserID: name, Number: name}, true); err != nil {
			return fmt.Errorf("set phone number: %w", err)
		}
		return s.deleteDecoyNumber(ctx, name)
	})
}

// undone calls f with a name that no user has, and undoes what it did. With lock it
// locks the name, as a user who exists is locked.
func (s *Service) undone(ctx context.Context, lock bool, f func(ctx context.Context, name string) error) error {
	name, err := keyring.RandomID(s.deps.Rand)
	if err != nil {
		return err
	}
	err = s.deps.Tx.InSavepoint(ctx, func(ctx context.Context) error {
		if lock {
			if err := s.deps.Tx.LockUser(ctx, name); err != nil {
				return fmt.Errorf("lock user: %w", err)
			}
		}
		if err := f(ctx, name); err != nil {
			return err
		}
		return errDecoy
	})
	if err != errDecoy { //nolint:errorlint // joined with another error it may not be undone
		return err
	}
	return nil
}

// deleteDecoyNumber deletes the number that was set for a decoy. For a user who
// exists, whose old number was deleted with the new one, it deletes nothing.
func (s *Service) deleteDecoyNumber(ctx context.Context, userID string) error {
	if err := s.decoys.DeletePhone(ctx, userID); err != nil {
		return fmt.Errorf("delete phone number: %w", err)
	}
	return nil
}

// createDecoy writes the rows of create under a name that no user has, and in no
// other request's way.
func (s *Service) createDecoy(ctx context.Context, name string, draft *newAccount, opts SignupOptions) error {
	user, err := s.decoys.CreateUser(ctx, authn.NewUser{Username: name, Display: draft.user.Display, Extra: draft.user.Extra})
	if err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	if draft.user.Username != "" {
		if err := s.decoys.ClaimUsername(ctx, user.ID, name); err != nil {
			return fmt.Errorf("claim username: %w", err)
		}
	}
	if draft.user.Email != "" {
		vouched := slices.Contains(draft.vouched, draft.user.Email)
		email := account.EmailAddress{UserID: user.ID, Email: name, Primary: true, Verified: opts.EmailVerified || vouched, CreatedAt: s.deps.Now()}
		if err := s.decoys.AddEmail(ctx, email, !s.acceptsDuplicates() && !vouched); err != nil {
			return fmt.Errorf("add e-mail address: %w", err)
		}
	}
	if draft.user.Phone != "" {
		if err := s.decoys.SetPhone(ctx, account.Phone{UserID: user.ID, Number: name}, true); err != nil {
			return fmt.Errorf("add phone number: %w", err)
		}
	}
	if draft.hash != "" {
		if err := s.decoys.SwapPasswordHash(ctx, user.ID, "", draft.hash); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
	}
	if opts.AfterDecoy != nil {
		return opts.AfterDecoy(ctx, user.ID)
	}
	return nil
}

// tellOwner sends the owner of a taken address or number the message that takes
// the place of what proves a free one.
func (s *Service) tellOwner(ctx context.Context, sess *login.Session, user authn.NewUser) error {
	switch {
	case user.Email == "" || sess.Pending(login.StageVerifyPhone) != nil:
		return s.textAccountExists(ctx, user.Phone)
	case s.cfg.EmailVerificationByCode == nil && sess.Pending(login.StageVerifyEmail) != nil:
		return s.mailAccountExistsForLink(ctx, "", user.Email)
	}
	return s.mailAccountExists(ctx, user.Email)
}
