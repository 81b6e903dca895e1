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

// AddEmail adds an address to the logged-in user's account, to be verified.
func (s *Flows) AddEmail(ctx context.Context, sess *login.Session, input string) error {
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	taken, err := s.checkNewEmail(ctx, sess, email)
	if err != nil {
		return err
	}
	if err := s.requireRecentToAdd(ctx, sess); err != nil {
		return err
	}
	byCode := s.cfg.EmailVerificationByCode != nil
	if byCode {
		if err := s.takeConfirmEmail(ctx, email); err != nil {
			return err
		}
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		// Once more: another request may have added addresses meanwhile.
		if taken, err = s.checkNewEmail(ctx, sess, email); err != nil {
			return err
		}
		if byCode {
			return s.awaitNewEmail(ctx, sess, email, taken)
		}
		return s.storeNewEmail(ctx, sess, email, taken)
	})
}

// hasMaxEmails reports whether an account with these addresses can have no more.
// Where there is one address only, the next one replaces it.
func (s *Service) hasMaxEmails(emails []account.EmailAddress) bool {
	return len(emails) >= s.cfg.MaxEmailAddresses && !s.cfg.ChangeEmail
}

// checkNewEmail refuses an address that can not be added, and reports whether
// another user has verified it.
func (s *Flows) checkNewEmail(ctx context.Context, sess *login.Session, email string) (taken bool, err error) {
	emails, err := s.store.EmailsByUser(ctx, sess.UserID())
	if err != nil {
		return false, fmt.Errorf("load e-mail addresses: %w", err)
	}
	if slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Email == email }) {
		return false, problem.List("email", code.DuplicateEmail)
	}
	rows, err := s.store.EmailsByAddress(ctx, email)
	if err != nil {
		return false, fmt.Errorf("look up e-mail address: %w", err)
	}
	if s.cfg.Enumeration == account.AllowEnumeration {
		claims, _, err := s.claimants(ctx, email)
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
	return len(rows) > 0 && rows[0].Verified, nil
}

func (s *Service) storeNewEmail(ctx context.Context, sess *login.Session, email string, taken bool) error {
	if s.cfg.ChangeEmail {
		if err := s.dropUnverified(ctx, sess); err != nil {
			return err
		}
	}
	address := account.EmailAddress{UserID: sess.UserID(), Email: email, CreatedAt: s.deps.Now()}
	err := s.store.AddEmail(ctx, address, false)
	if errors.Is(err, authn.ErrConflict) {
		return problem.List("email", code.DuplicateEmail)
	}
	if err != nil {
		return fmt.Errorf("add e-mail address: %w", err)
	}
	work.Emit(ctx, account.EmailAdded{UserID: address.UserID, Email: email})
	if err := s.voidResetKeys(ctx, address.UserID); err != nil {
		return err
	}
	if taken {
		return s.mailAccountExistsForLink(ctx, sess.UserID(), email)
	}
	_, err = s.mailLink(ctx, address, false)
	return err
}

// dropUnverified deletes the address that was about to replace the current one.
func (s *Service) dropUnverified(ctx context.Context, sess *login.Session) error {
	emails, err := s.store.EmailsByUser(ctx, sess.UserID())
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	for _, e := range emails {
		if e.Verified || e.Primary {
			continue
		}
		if err := s.store.DeleteEmail(ctx, e.UserID, e.Email); err != nil && !errors.Is(err, authn.ErrNotFound) {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
	}
	return nil
}

// awaitNewEmail mails a code to an address that is stored once the code came
// back; it runs in a transaction.
func (s *Service) awaitNewEmail(ctx context.Context, sess *login.Session, email string, taken bool) error {
	return s.sendOwn(ctx, sess, s.emailCode(nil), &sess.State.EmailVerification, s.emailRecipient(sess.UserID(), email, taken))
}
