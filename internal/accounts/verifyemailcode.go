package accounts

import (
	"context"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
)

// EmailCode returns the code that verifies an address: that of a login which waits, or
// that of a logged-in user. Returns work.ErrNotPending if there is none.
func (s *Service) EmailCode(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	if l := sess.Pending(login.StageVerifyEmail); l != nil {
		return s.await(ctx, AwaitedCode{sess: sess, stage: l.Stage}, s.emailCode(l), l.EmailVerification)
	}
	return s.await(ctx, AwaitedCode{sess: sess, slot: &sess.State.EmailVerification}, s.emailCode(nil), sess.State.EmailVerification)
}

// EmailKey is EmailCode if addresses are verified by code. If they are verified by link,
// it returns an AwaitedCode for any link.
func (s *Service) EmailKey(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	if s.cfg.EmailVerificationByCode == nil {
		return &AwaitedCode{sess: sess}, nil
	}
	return s.EmailCode(ctx, sess)
}

// emailRecipient returns the recipient of a code at the address. If the address is taken,
// its owner gets another message instead.
func (s *Service) emailRecipient(userID, email string, taken bool) codes.Recipient {
	to := codes.Recipient{UserID: userID, Contact: email}
	if taken {
		to.Instead = func(ctx context.Context) error { return s.mailAccountExists(ctx, email) }
	}
	return to
}

// acceptEmail verifies the address after the right code.
func (s *Flows) acceptEmail(ctx context.Context, a *AwaitedCode, address account.EmailAddress) error {
	return s.accept(ctx, a, func(l *login.Attempt) **login.Given { return &l.GivenEmail }, func(ctx context.Context) error {
		if err := s.storeVerifiedEmail(ctx, a.sess, address); err != nil || a.stage != "" {
			return err
		}
		return s.replaceOthers(ctx, a.sess, address)
	})
}

// storeVerifiedEmail marks an address as verified, and adds it before if the account does
// not have it. Returns authn.Errors if the account has too many addresses by now, or if
// another user has verified the address.
func (s *Service) storeVerifiedEmail(ctx context.Context, sess *login.Session, address account.EmailAddress) error {
	emails, err := s.emailsOf(ctx, address.UserID)
	if err != nil {
		return err
	}
	if _, found := findEmail(emails, address.Email); !found {
		if s.hasMaxEmails(emails) {
			return problem.List("key", code.MaxEmailAddresses)
		}
		if err := s.store.AddEmail(ctx, address, false); err != nil {
			return fmt.Errorf("add email address: %w", err)
		}
		work.Emit(ctx, address.UserID, account.EmailAdded{Email: address.Email})
	}
	_, err = s.markVerified(ctx, sess, address, "key")
	return err
}
