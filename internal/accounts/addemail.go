package accounts

import (
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

// AddEmail adds an unverified address to the logged-in user's account and mails a link,
// or, if addresses are verified by code, mails a code with which the address is added.
// It returns the user's addresses with the new one. Returns authn.Errors for wrong input,
// work.ErrReauthenticate if the user has not authenticated recently.
func (s *Flows) AddEmail(ctx context.Context, sess *login.Session, input string) ([]account.EmailAddress, error) {
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return nil, errs
	}
	taken, err := s.checkNewEmail(ctx, sess, email)
	if err != nil {
		return nil, err
	}
	if err := s.requireRecentToAdd(ctx, sess); err != nil {
		return nil, err
	}
	byCode := s.cfg.EmailVerificationByCode != nil
	if byCode {
		if err := s.takeConfirmEmail(ctx, email); err != nil {
			return nil, err
		}
	}
	return s.changeEmails(ctx, sess, func(ctx context.Context) error {
		// Check again: another request may have added addresses meanwhile.
		if taken, err = s.checkNewEmail(ctx, sess, email); err != nil {
			return err
		}
		if byCode {
			return s.awaitNewEmail(ctx, sess, email, taken)
		}
		return s.storeNewEmail(ctx, sess.UserID(), email, taken)
	})
}

// hasMaxEmails reports whether an account with these addresses cannot have another one.
// With account.Config.ChangeEmail the next address replaces the current one.
func (s *Service) hasMaxEmails(emails []account.EmailAddress) bool {
	return len(emails) >= s.cfg.MaxEmailAddresses && !s.cfg.ChangeEmail
}

// checkNewEmail returns authn.Errors if the address cannot be added, and reports whether
// another user has verified it.
func (s *Flows) checkNewEmail(ctx context.Context, sess *login.Session, email string) (taken bool, err error) {
	emails, err := s.emailsOf(ctx, sess.UserID())
	if err != nil {
		return false, err
	}
	if _, found := findEmail(emails, email); found {
		return false, problem.List("email", code.DuplicateEmail)
	}
	if taken, err = s.isTaken(ctx, sess.UserID(), email); err != nil {
		return false, err
	}
	if s.cfg.Enumeration == account.AllowEnumeration {
		claims, _, err := s.recoverableByEmail(ctx, email)
		if err != nil {
			return false, err
		}
		if len(claims) > 0 {
			return false, problem.List("email", code.EmailTaken)
		}
	}
	if s.hasMaxEmails(emails) {
		return false, problem.List("email", code.MaxEmailAddresses)
	}
	if s.cfg.EmailVerificationByCode == nil {
		blocked, err := s.factors.BlocksEmail(ctx, sess.UserID())
		if err != nil {
			return false, err
		}
		if blocked {
			return false, problem.List("email", code.AddEmailBlocked)
		}
	}
	return taken, nil
}

// storeNewEmail adds an unverified address and mails a link. If the address is taken, its
// owner gets another message instead.
func (s *Service) storeNewEmail(ctx context.Context, userID, email string, taken bool) error {
	if s.cfg.ChangeEmail {
		if err := s.deleteUnverified(ctx, userID); err != nil {
			return err
		}
	}
	address := account.EmailAddress{UserID: userID, Email: email, CreatedAt: s.deps.Now()}
	err := s.store.AddEmail(ctx, address, false)
	if errors.Is(err, authn.ErrConflict) {
		return problem.List("email", code.DuplicateEmail)
	}
	if err != nil {
		return fmt.Errorf("add email address: %w", err)
	}
	work.Emit(ctx, address.UserID, account.EmailAdded{Email: email})
	if err := s.deleteResetKeys(ctx, address.UserID); err != nil {
		return err
	}
	if taken {
		return s.mailAccountExistsForLink(ctx, userID, email)
	}
	_, err = s.mailLink(ctx, address, false)
	return err
}

// deleteUnverified deletes an unverified address that would have replaced the current
// one.
func (s *Service) deleteUnverified(ctx context.Context, userID string) error {
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return err
	}
	unverified := slices.DeleteFunc(emails, func(e account.EmailAddress) bool { return e.Verified || e.Primary })
	return s.deleteEmails(ctx, unverified, "")
}

// awaitNewEmail mails a code to an address, which is stored after the right code. It runs
// in a transaction.
func (s *Service) awaitNewEmail(ctx context.Context, sess *login.Session, email string, taken bool) error {
	return s.sendOwn(ctx, sess, s.emailCode(nil), &sess.State.EmailVerification, s.emailRecipient(sess.UserID(), email, taken))
}
