package accounts

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// errDecoy makes a savepoint roll back what was written for a decoy.
var errDecoy = errors.New("account: a decoy")

// decoySignup does the work of createAndStart without creating an account, and sends the
// owner of the address or number a message.
func (s *Flows) decoySignup(ctx context.Context, sess *login.Session, draft *newAccount, opts SignupOptions) error {
	attempt := login.Attempt{Email: draft.user.Email, Phone: draft.user.Phone, Signup: true}
	if opts.Prepare != nil {
		opts.Prepare(&attempt)
	}
	return s.createThenStart(ctx, func(ctx context.Context) error {
		asDecoy := SignupOptions{EmailVerified: opts.EmailVerified, AfterCreate: opts.AfterDecoy}
		err := s.rollBack(ctx, false, func(ctx context.Context, name string) error {
			_, err := s.create(ctx, s.decoys, draft.decoy(name), asDecoy)
			return err
		})
		noteDecoy(ctx)
		if err != nil {
			return err
		}
		work.EmitDecoy(ctx, account.UserSignedUp{})
		if draft.unchecked {
			work.EmitDecoy(ctx, password.LookupFailed{})
		}
		return opts.consume(ctx)
	}, func(ctx context.Context) error {
		if err := s.pipeline.Start(ctx, sess, attempt); err != nil {
			return err
		}
		return s.notifyOwner(work.AcceptEarlier(ctx), sess, draft.user)
	})
}

// decoy returns the same sign-up with a random name as username, address and number, so
// that it does not conflict with other requests.
func (d *newAccount) decoy(name string) *newAccount {
	decoy := &newAccount{user: d.user, hash: d.hash, unchecked: d.unchecked, isDecoy: true}
	for _, field := range []*string{&decoy.user.Username, &decoy.user.Email, &decoy.user.Phone} {
		if *field != "" {
			*field = name
		}
	}
	for i, email := range d.verifiedByProvider {
		if email == d.user.Email {
			decoy.verifiedByProvider = append(decoy.verifiedByProvider, name)
		} else {
			decoy.verifiedByProvider = append(decoy.verifiedByProvider, name+strconv.Itoa(i))
		}
	}
	if d.typed != "" {
		decoy.typed = name + "typed"
	}
	return decoy
}

// correctDecoyAddress does the work of correctAddress, including the lock of the user,
// without an effect.
func (s *Service) correctDecoyAddress(ctx context.Context, userID string) error {
	if _, err := s.emailsOf(ctx, ""); err != nil {
		return err
	}
	return s.rollBack(ctx, userID == "", func(ctx context.Context, name string) error {
		address := account.EmailAddress{UserID: name, Email: name, Primary: true, CreatedAt: s.deps.Now()}
		return replaceEmail(ctx, s.decoys, address, name, s.exclusive(false))
	})
}

// correctDecoyNumber is correctDecoyAddress for a number.
func (s *Service) correctDecoyNumber(ctx context.Context, userID string) error {
	if _, err := s.phoneOf(ctx, ""); err != nil {
		return err
	}
	return s.rollBack(ctx, userID == "", func(ctx context.Context, name string) error {
		if err := s.decoys.SetPhone(ctx, account.Phone{UserID: name, Number: name}, true); err != nil {
			return fmt.Errorf("set phone number: %w", err)
		}
		return s.deleteDecoyNumber(ctx, name)
	})
}

// rollBack calls f with a random name in a savepoint and rolls it back. With lock it locks
// the name like a real user.
func (s *Service) rollBack(ctx context.Context, lock bool, f func(ctx context.Context, name string) error) error {
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
	if err != errDecoy { //nolint:errorlint // joined with another error the rollback may have failed
		return err
	}
	return nil
}

// deleteDecoyNumber deletes the number that was set for a decoy. For a real user, whose
// old number SetPhone has replaced, it deletes nothing but does the same work.
func (s *Service) deleteDecoyNumber(ctx context.Context, userID string) error {
	if err := s.decoys.DeletePhone(ctx, userID); err != nil {
		return fmt.Errorf("delete phone number: %w", err)
	}
	return nil
}

// notifyOwner sends the owner of a taken address or number a message, in place of the code
// or link for a free one.
func (s *Service) notifyOwner(ctx context.Context, sess *login.Session, user authn.NewUser) error {
	switch {
	case user.Email == "" || sess.Pending(login.StageVerifyPhone) != nil:
		return s.textAccountExists(ctx, user.Phone)
	case s.cfg.EmailVerificationByCode == nil && sess.Pending(login.StageVerifyEmail) != nil:
		return s.mailAccountExistsForLink(ctx, "", user.Email)
	}
	return s.mailAccountExists(ctx, user.Email)
}
