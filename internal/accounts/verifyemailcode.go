package accounts

import (
	"context"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
)

// EmailCode returns the code that verifies an address: that of a login which waits, or
// that of a logged-in user. work.ErrNotPending if there is none.
func (s *Service) EmailCode(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	if l := sess.Pending(login.StageVerifyEmail); l != nil {
		return s.await(ctx, AwaitedCode{sess: sess, stage: l.Stage}, s.emailCode(l), l.EmailVerification)
	}
	return s.await(ctx, AwaitedCode{sess: sess, slot: &sess.State.EmailVerification}, s.emailCode(nil), sess.State.EmailVerification)
}

// EmailKey is EmailCode where addresses are verified by code. By link, nothing has to
// be awaited in this session.
func (s *Service) EmailKey(ctx context.Context, sess *login.Session) (*AwaitedCode, error) {
	if s.cfg.EmailVerificationByCode == nil {
		return &AwaitedCode{sess: sess}, nil
	}
	return s.EmailCode(ctx, sess)
}

// emailRecipient returns the user who gets a code at the address. If that is taken, its
// owner is told instead.
func (s *Service) emailRecipient(userID, email string, taken bool) codes.Recipient {
	to := codes.Recipient{UserID: userID, Contact: email}
	if taken {
		to.Instead = func(ctx context.Context) error { return s.mailAccountExists(ctx, email) }
	}
	return to
}

// acceptEmail verifies the address whose code was right.
func (s *Flows) acceptEmail(ctx context.Context, a *AwaitedCode, address account.EmailAddress) error {
	return s.accept(ctx, a, func(l *login.Attempt) **login.Given { return &l.GivenEmail }, func(ctx context.Context) error {
		if err := s.confirmNew(ctx, a.sess, address); err != nil || a.stage != "" {
			return err
		}
		return s.replaceOthers(ctx, a.sess, address)
	})
}

// confirmNew verifies an address that may not be on the account yet. The account
// may have got others since the code was sent.
func (s *Service) confirmNew(ctx context.Context, sess *login.Session, address account.EmailAddress) error {
	emails, err := s.store.EmailsByUser(ctx, address.UserID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	if !slices.ContainsFunc(emails, func(e account.EmailAddress) bool { return e.Email == address.Email }) {
		if s.hasMaxEmails(emails) {
			return problem.List("key", code.MaxEmailAddresses)
		}
		if err := s.store.AddEmail(ctx, address, false); err != nil {
			return fmt.Errorf("add e-mail address: %w", err)
		}
		work.Emit(ctx, account.EmailAdded{UserID: address.UserID, Email: address.Email})
	}
	_, err = s.prove(ctx, sess, address, "key")
	return err
}
