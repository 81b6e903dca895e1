package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

// changeAwaitedEmail corrects the address that a login waits for, or takes one
// where it waits for none. That of a sign-up is replaced at once, any other one
// when the login completes. flow.ErrNotPending unless a login waits, or if no
// more corrections are left.
func (s *Service) changeAwaitedEmail(ctx context.Context, sess *flow.Session, input string) error {
	if err := s.CheckAwaitedEmailChange(ctx, sess); err != nil {
		return err
	}
	if l := s.pipeline.Pending(sess, flow.StageVerifyEmail); !l.Signup || l.Email == "" {
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

// CheckAwaitedEmailChange returns flow.ErrNotPending unless a login waits for an
// address that can be corrected, or for one to be given.
func (s *Service) CheckAwaitedEmailChange(ctx context.Context, sess *flow.Session) error {
	l := s.pipeline.Pending(sess, flow.StageVerifyEmail)
	if l == nil {
		return flow.ErrNotPending
	}
	signup := l.Signup && l.Email != ""
	if s.cfg.EmailVerificationByCode == nil {
		if signup {
			return flow.ErrNotPending
		}
		return nil
	}
	var id string
	if !l.Note(purposeVerifyEmail, &id) {
		return nil
	}
	c, err := s.emailChallenge(ctx, sess)
	if err == nil && c.Changes >= changesOf(s.cfg.EmailVerificationByCode, signup) {
		return flow.ErrNotPending
	}
	return err
}

// changesOf returns how often an address or number may be corrected while its
// code is awaited. After the sign-up there is always one correction: without it
// a mistyped contact would lock the user out.
func changesOf(cfg *CodeConfig, signup bool) int {
	if signup {
		return cfg.Changes
	}
	return max(cfg.Changes, 1)
}

// findEmailChallenge returns the challenge of the code that the login waits for,
// or flow.ErrNotPending.
func (s *Service) findEmailChallenge(ctx context.Context, l *flow.Login) (*authn.Challenge, error) {
	var id string
	l.Note(purposeVerifyEmail, &id)
	return s.deps.Challenges.Find(ctx, purposeVerifyEmail, id)
}

// AwaitedEmail lists the address that a login waits for.
func (s *Service) AwaitedEmail(ctx context.Context, sess *flow.Session) ([]EmailAddress, error) {
	if l := s.pipeline.Pending(sess, flow.StageVerifyEmail); l != nil && l.GivenEmail != nil {
		return []EmailAddress{{UserID: l.UserID, Email: l.GivenEmail.Contact, CreatedAt: s.deps.Now()}}, nil
	}
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return nil, err
	}
	return []EmailAddress{{UserID: c.UserID, Email: c.Subject, CreatedAt: c.CreatedAt}}, nil
}
