package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

// changeAwaitedEmail corrects the address that a new user is asked to verify by
// code. flow.ErrNotPending unless one is awaited and may be changed.
func (s *Service) changeAwaitedEmail(ctx context.Context, sess *flow.Session, input string) error {
	if err := s.CheckAwaitedEmailChange(ctx, sess); err != nil {
		return err
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
		return problems("email", "same_as_current")
	}
	claims, err := s.claimants(ctx, email)
	if err != nil {
		return err
	}
	if len(claims) > 0 && s.cfg.Enumeration == AllowEnumeration {
		return problems("email", "email_taken")
	}
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	login := s.pipeline.Pending(sess, flow.StageVerifyEmail)
	old := c.Subject
	c.Subject, c.Changes = email, c.Changes+1
	return s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error {
		if err := s.checkUnproved(ctx, login); err != nil {
			return err
		}
		taken := len(claims) > 0
		if c.UserID != "" && !taken {
			err := s.replaceAddress(ctx, c.UserID, old, email)
			if err != nil && !errors.Is(err, authn.ErrConflict) {
				return err
			}
			taken = err != nil
		}
		if taken {
			if err := s.mailAccountExists(ctx, email); err != nil {
				return err
			}
			// Nobody will read the code: a secret that is nobody's never matches.
			return s.deps.Challenges.Reissue(ctx, c, "")
		}
		login.Email = email
		sess.SetLogin(login)
		return s.reissueEmailCode(ctx, sess, c)
	})
}

// replaceAddress puts a corrected address in the place of an unverified one.
// flow.ErrNotPending if that was verified meanwhile.
func (s *Service) replaceAddress(ctx context.Context, userID, old, email string) error {
	emails, err := s.store.EmailsByUser(ctx, userID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	if slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Email == old && e.Verified }) {
		return flow.ErrNotPending
	}
	address := EmailAddress{UserID: userID, Email: email, CreatedAt: s.deps.Now()}
	if err := s.claimEmail(ctx, address); err != nil {
		return fmt.Errorf("add e-mail address: %w", err)
	}
	if err := s.store.SetPrimaryEmail(ctx, userID, email); err != nil {
		return fmt.Errorf("set primary e-mail address: %w", err)
	}
	err = s.store.DeleteEmail(ctx, userID, old)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("delete e-mail address: %w", err)
	}
	return nil
}

// CheckAwaitedEmailChange returns flow.ErrNotPending unless a new user who is
// not logged in may correct the address that is being verified.
func (s *Service) CheckAwaitedEmailChange(ctx context.Context, sess *flow.Session) error {
	login := s.pipeline.Pending(sess, flow.StageVerifyEmail)
	if s.cfg.EmailVerificationByCode == nil || login == nil {
		return flow.ErrNotPending
	}
	if err := s.checkUnproved(ctx, login); err != nil {
		return err
	}
	c, err := s.emailChallenge(ctx, sess)
	if err == nil && c.Changes >= s.cfg.EmailVerificationByCode.Changes {
		return flow.ErrNotPending
	}
	return err
}

// checkUnproved returns flow.ErrNotPending if the user has proved an address or
// a number before: who logs in anew may not replace these, somebody who has
// never got in yet may correct them.
func (s *Service) checkUnproved(ctx context.Context, login *flow.Login) error {
	if login.Signup {
		return nil
	}
	emails, err := s.store.EmailsByUser(ctx, login.UserID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	if slices.ContainsFunc(emails, func(e EmailAddress) bool { return e.Verified }) {
		return flow.ErrNotPending
	}
	return s.checkUnverifiedPhone(ctx, login.UserID)
}

// AwaitedEmail lists the address that a new user is asked to verify. It is the
// primary one once that is done.
func (s *Service) AwaitedEmail(ctx context.Context, sess *flow.Session) ([]EmailAddress, error) {
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return nil, err
	}
	return []EmailAddress{{UserID: c.UserID, Email: c.Subject, CreatedAt: c.CreatedAt}}, nil
}
