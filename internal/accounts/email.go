package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// Emails returns the addresses of the logged-in user, and the one for whose code the
// session waits.
func (s *Service) Emails(ctx context.Context, sess *login.Session) ([]account.EmailAddress, error) {
	all, _, err := s.ownEmails(ctx, sess)
	return all, err
}

// ownEmails returns the addresses of Emails, and those of them that are stored.
func (s *Service) ownEmails(ctx context.Context, sess *login.Session) (all, stored []account.EmailAddress, err error) {
	stored, err = s.emailsOf(ctx, sess.UserID())
	if err != nil || s.cfg.EmailVerificationByCode == nil {
		return stored, stored, err
	}
	c, err := s.EmailCode(ctx, sess)
	if errors.Is(err, work.ErrNotPending) {
		return stored, stored, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if _, found := findEmail(stored, c.Subject); found {
		return stored, stored, nil
	}
	return append(stored, account.EmailAddress{UserID: c.UserID, Email: c.Subject, CreatedAt: c.CreatedAt}), stored, nil
}

// ResendEmail mails another link or a new code for an address of the user, or the code
// of a new address again. Returns work.ErrForbidden if it was not sent.
func (s *Flows) ResendEmail(ctx context.Context, sess *login.Session, input string) error {
	address, stored, err := s.ownEmail(ctx, sess, input)
	if err != nil {
		return err
	}
	taken, err := s.isTaken(ctx, address.UserID, address.Email)
	if err != nil {
		return err
	}
	if s.cfg.EmailVerificationByCode == nil {
		return s.resendLink(ctx, address, taken)
	}
	if _, isStored := findEmail(stored, address.Email); isStored {
		return s.resendNewCode(ctx, sess, address.Email, taken)
	}
	c, err := s.EmailCode(ctx, sess)
	if err != nil {
		return err
	}
	err = c.Resend(ctx)
	if errors.Is(err, work.ErrNotPending) {
		return work.ErrForbidden
	}
	return err
}

// resendLink mails a link. If the address is taken, its owner gets another message
// instead. Returns work.ErrForbidden if the limit on mails is reached.
func (s *Service) resendLink(ctx context.Context, address account.EmailAddress, taken bool) error {
	if taken {
		err := s.takeConfirmEmail(ctx, address.Email)
		if errors.Is(err, ratelimit.ErrLimited) {
			return work.ErrForbidden
		}
		if err != nil {
			return err
		}
		return s.mailAccountExists(ctx, address.Email)
	}
	sent, err := s.mailLink(ctx, address, false)
	if err == nil && !sent {
		return work.ErrForbidden
	}
	return err
}

// resendNewCode mails a code to an address that the account has already.
func (s *Flows) resendNewCode(ctx context.Context, sess *login.Session, email string, taken bool) error {
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		return s.awaitNewEmail(ctx, sess, email, taken)
	})
}

// changeEmails is login.Pipeline.Change for the logged-in user, and returns the user's
// addresses afterwards. They are read before the commit, so that a change whose response
// fails was not stored.
func (s *Flows) changeEmails(ctx context.Context, sess *login.Session, f func(ctx context.Context) error) (emails []account.EmailAddress, err error) {
	err = s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) (err error) {
		if err = f(ctx); err == nil {
			emails, err = s.Emails(ctx, sess)
		}
		return err
	})
	return emails, err
}

// SetPrimaryEmail makes an address of the user the primary one, and returns all addresses.
// Returns authn.Errors if it cannot be.
func (s *Flows) SetPrimaryEmail(ctx context.Context, sess *login.Session, input string) ([]account.EmailAddress, error) {
	if err := s.CheckPrimaryEmail(ctx, sess, input); err != nil {
		return nil, err
	}
	if err := s.RequireRecent(ctx, sess); err != nil {
		return nil, err
	}
	return s.changeEmails(ctx, sess, func(ctx context.Context) error {
		// Check again: another request may have changed the addresses meanwhile.
		address, emails, err := s.primaryCandidate(ctx, sess, input)
		if err != nil {
			return err
		}
		if address.Primary {
			return nil
		}
		if err := s.makePrimary(ctx, sess, sess.Identity, emails, address.Email); err != nil {
			return err
		}
		return s.refresh(ctx, sess)
	})
}

// CheckPrimaryEmail returns authn.Errors if an address cannot be the primary one.
func (s *Service) CheckPrimaryEmail(ctx context.Context, sess *login.Session, input string) error {
	_, _, err := s.primaryCandidate(ctx, sess, input)
	return err
}

// primaryCandidate returns an address of the user that may become the primary one, and all
// addresses of the user. Returns authn.Errors if it may not.
func (s *Service) primaryCandidate(ctx context.Context, sess *login.Session, input string) (account.EmailAddress, []account.EmailAddress, error) {
	address, stored, err := s.ownEmail(ctx, sess, input)
	if err != nil {
		return account.EmailAddress{}, nil, err
	}
	_, isStored := findEmail(stored, address.Email)
	if !isStored || !address.Verified && anyVerified(stored) {
		return account.EmailAddress{}, nil, problem.List("email", code.UnverifiedPrimaryEmail)
	}
	return address, stored, nil
}

// RemoveEmail deletes an address of the user, or stops waiting for the code of an address
// that is not stored yet. It returns the remaining addresses, or authn.Errors if the
// address cannot be removed.
func (s *Flows) RemoveEmail(ctx context.Context, sess *login.Session, input string) ([]account.EmailAddress, error) {
	_, stored, err := s.removable(ctx, sess, input)
	if err != nil {
		return nil, err
	}
	if !stored {
		login.Drop(sess, &sess.State.EmailVerification)
		return s.Emails(ctx, sess)
	}
	if err := s.RequireRecent(ctx, sess); err != nil {
		return nil, err
	}
	return s.changeEmails(ctx, sess, func(ctx context.Context) error {
		// Check again: another request may have changed the addresses meanwhile.
		address, stored, err := s.removable(ctx, sess, input)
		if err != nil {
			return err
		}
		if !stored {
			return problem.List("email", code.UnknownEmail)
		}
		lastWayIn, err := s.pipeline.LocksOut(ctx, sess.UserID(), func() error {
			return s.store.DeleteEmail(ctx, sess.UserID(), address.Email)
		})
		if err != nil {
			return fmt.Errorf("delete email address: %w", err)
		}
		if lastWayIn {
			return problem.List("email", code.CannotRemovePrimaryEmail)
		}
		if err := s.deleteResetKeys(ctx, sess.UserID()); err != nil {
			return err
		}
		work.Emit(ctx, sess.UserID(), account.EmailRemoved{Email: address.Email})
		if err := s.refresh(ctx, sess); err != nil {
			return err
		}
		return s.Notify(ctx, sess, "account/email_deleted", sess.Identity, map[string]any{"DeletedEmail": address.Email})
	})
}

// removable returns an address of the user that may be removed, and reports whether it is
// stored; an address for whose code the session waits is not. Returns authn.Errors if it
// may not be removed.
func (s *Service) removable(ctx context.Context, sess *login.Session, input string) (account.EmailAddress, bool, error) {
	address, emails, err := s.ownEmail(ctx, sess, input)
	if err != nil {
		return account.EmailAddress{}, false, err
	}
	if _, stored := findEmail(emails, address.Email); !stored {
		return address, false, nil
	}
	if !s.canRemove(address, emails) {
		return account.EmailAddress{}, false, problem.List("email", code.CannotRemovePrimaryEmail)
	}
	return address, true, nil
}

// canRemove returns false for a primary address while there are others, and for the last
// address if users log in by email only.
func (s *Service) canRemove(address account.EmailAddress, emails []account.EmailAddress) bool {
	others := len(emails) > 1
	if address.Primary && others {
		return false
	}
	onlyByEmail := len(s.cfg.LoginMethods) == 1 && logsInBy(s.cfg, account.LoginByEmail)
	return others || !onlyByEmail
}

// ownEmail returns the address among those of the logged-in user, and the addresses that
// are stored. Returns authn.Errors if the user does not have the address.
func (s *Service) ownEmail(ctx context.Context, sess *login.Session, input string) (account.EmailAddress, []account.EmailAddress, error) {
	email, errs := cleanKnownEmail("email", input, true)
	if len(errs) > 0 {
		return account.EmailAddress{}, nil, errs
	}
	all, stored, err := s.ownEmails(ctx, sess)
	if err != nil {
		return account.EmailAddress{}, nil, err
	}
	address, found := findEmail(all, email)
	if !found {
		return account.EmailAddress{}, nil, problem.List("email", code.UnknownEmail)
	}
	return address, stored, nil
}

// LimitSubject returns who is charged for an action: the client and the user who is
// logged in. Changes of an address or a number that is not verified yet are charged
// to the new user, or to what the login waits for if it is a decoy.
func (s *Service) LimitSubject(action string, sess *login.Session) ratelimit.Subject {
	subject := ratelimit.Subject{IP: sess.Client.IP, User: sess.UserID()}
	l := sess.Login()
	if l == nil {
		return subject
	}
	switch action {
	case ratelimit.ActionManageEmail:
		subject.User = cmp.Or(l.UserID, l.Notes.EmailVerification)
	case ratelimit.ActionChangePhone:
		subject.User = cmp.Or(l.UserID, l.Notes.PhoneVerification)
	}
	return subject
}

// RequireRecent returns work.ErrReauthenticate unless the user has authenticated recently,
// or account.Config.AllowStaleSessions is set.
func (s *Flows) RequireRecent(ctx context.Context, sess *login.Session) error {
	if s.cfg.AllowStaleSessions {
		return nil
	}
	return s.pipeline.RequireRecent(ctx, sess)
}
