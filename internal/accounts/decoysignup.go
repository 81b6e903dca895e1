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
	return s.createThenStart(ctx, func(ctx context.Context) error {
		if err := opts.before(ctx); err != nil {
			return err
		}
		asDecoy := SignupOptions{EmailVerified: opts.EmailVerified, AfterCreate: opts.AfterDecoy}
		err := s.undone(ctx, false, func(ctx context.Context, name string) error {
			_, err := s.create(ctx, s.decoys, draft.decoy(name), asDecoy)
			return err
		})
		standIn(ctx)
		return err
	}, func(ctx context.Context) error {
		if err := s.pipeline.Start(ctx, sess, attempt); err != nil {
			return err
		}
		return s.tellOwner(work.AcceptEarlier(ctx), sess, draft.user)
	})
}

// decoy is the same sign-up under a name that no user has, in no other request's way.
func (d *newAccount) decoy(name string) *newAccount {
	decoy := &newAccount{user: d.user, hash: d.hash}
	for _, field := range []*string{&decoy.user.Username, &decoy.user.Email, &decoy.user.Phone} {
		if *field != "" {
			*field = name
		}
	}
	if slices.Contains(d.vouched, d.user.Email) {
		decoy.vouched = []string{name}
	}
	return decoy
}

// correctDecoyAddress does the work of correctAddress, and of locking a user who
// does not exist, to no effect.
func (s *Service) correctDecoyAddress(ctx context.Context, userID string) error {
	if _, err := s.decoys.EmailsByUser(ctx, ""); err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	return s.undone(ctx, userID == "", func(ctx context.Context, name string) error {
		address := account.EmailAddress{UserID: name, Email: name, Primary: true, CreatedAt: s.deps.Now()}
		return replaceEmail(ctx, s.decoys, address, name, s.exclusive(false))
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
