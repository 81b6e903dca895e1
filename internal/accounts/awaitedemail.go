package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
)

// changeAwaitedEmail corrects the address that a login waits for, or takes one
// where it waits for none. That of a sign-up is replaced at once, any other one
// when the login completes. work.ErrNotPending unless a login waits, or if no
// more corrections are left.
func (s *Flows) changeAwaitedEmail(ctx context.Context, sess *login.Session, input string) error {
	if err := s.CheckAwaitedEmailChange(ctx, sess); err != nil {
		return err
	}
	if l := sess.Pending(login.StageVerifyEmail); !l.Signup || l.Email == "" {
		return s.giveEmail(ctx, sess, l, input)
	}
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return err
	}
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	if email == c.Subject {
		return problem.List("email", code.SameAsCurrent)
	}
	claims, silent, err := s.claimants(ctx, email)
	if err != nil {
		return err
	}
	if len(claims) > 0 && s.cfg.Enumeration == account.AllowEnumeration {
		return problem.List("email", code.EmailTaken)
	}
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	attempt := sess.Pending(login.StageVerifyEmail)
	old := cmp.Or(attempt.Email, c.Subject)
	c.Subject, c.Changes = email, c.Changes+1
	return s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error {
		taken, err := s.correctAddress(ctx, c.UserID, old, email, len(claims) > 0, silent)
		if err != nil {
			return err
		}
		attempt.Email = email
		if taken {
			attempt.Email = old // it stays on the account
		}
		sess.SetLogin(attempt)
		if taken {
			if err := s.mailAccountExists(ctx, email); err != nil {
				return err
			}
			// Nobody will read the code: a secret that is nobody's never matches.
			return s.codes.Reissue(ctx, c, "")
		}
		code, err := s.codeFor(c.UserID, s.cfg.EmailVerificationByCode.Format)
		if err != nil {
			return err
		}
		return s.reissueEmailCode(ctx, sess, c, code)
	})
}

// correctAddress puts a corrected address, which may be silent, in the place of an
// unverified one, and reports whether it is taken. work.ErrNotPending if the old one was verified
// meanwhile. For a decoy, and for an address that is taken, it does the same work
// to no effect.
func (s *Service) correctAddress(ctx context.Context, userID, old, email string, taken, silent bool) (bool, error) {
	if userID == "" || taken {
		return taken, s.correctDecoyAddress(ctx, userID)
	}
	emails, err := s.store.EmailsByUser(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("load e-mail addresses: %w", err)
	}
	if slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Email == old && e.Verified }) {
		return false, work.ErrNotPending
	}
	primary := !slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Primary && e.Email != old })
	address := account.EmailAddress{UserID: userID, Email: email, Primary: primary, CreatedAt: s.deps.Now()}
	err = s.deps.Tx.InSavepoint(ctx, func(ctx context.Context) error { // as a decoy, which is undone
		if err := s.claimEmail(ctx, address, silent); err != nil {
			return fmt.Errorf("add e-mail address: %w", err)
		}
		if err := s.store.DeleteEmail(ctx, userID, old); err != nil && !errors.Is(err, authn.ErrNotFound) {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
		return nil
	})
	if errors.Is(err, authn.ErrConflict) {
		return true, nil
	}
	return false, err
}

// CheckAwaitedEmailChange returns work.ErrNotPending unless a login waits for an
// address that can be corrected, or for one to be given.
func (s *Service) CheckAwaitedEmailChange(ctx context.Context, sess *login.Session) error {
	l := sess.Pending(login.StageVerifyEmail)
	if l == nil {
		return work.ErrNotPending
	}
	signup := l.Signup && l.Email != ""
	if s.cfg.EmailVerificationByCode == nil {
		if signup {
			return work.ErrNotPending
		}
		return nil
	}
	if l.Notes.EmailVerification == "" {
		return nil
	}
	c, err := s.emailChallenge(ctx, sess)
	if err == nil && c.Changes >= changesOf(s.cfg.EmailVerificationByCode, signup) {
		return work.ErrNotPending
	}
	return err
}

// changesOf returns how often an address or number may be corrected while its
// code is awaited. After the sign-up there is always one correction: without it
// a mistyped contact would lock the user out.
func changesOf(cfg *account.CodeConfig, signup bool) int {
	if signup {
		return cfg.Changes
	}
	return max(cfg.Changes, 1)
}

// findEmailChallenge returns the challenge of the code that the login waits for,
// or work.ErrNotPending.
func (s *Service) findEmailChallenge(ctx context.Context, l *login.Attempt) (*authn.Challenge, error) {
	return s.codes.Find(ctx, purposeVerifyEmail, l.Notes.EmailVerification)
}

// AwaitedEmail lists the address that a login waits for.
func (s *Service) AwaitedEmail(ctx context.Context, sess *login.Session) ([]account.EmailAddress, error) {
	if l := sess.Pending(login.StageVerifyEmail); l != nil && l.GivenEmail != nil {
		return []account.EmailAddress{{UserID: l.UserID, Email: l.GivenEmail.Contact, CreatedAt: s.deps.Now()}}, nil
	}
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return nil, err
	}
	return []account.EmailAddress{{UserID: c.UserID, Email: c.Subject, CreatedAt: c.CreatedAt}}, nil
}
