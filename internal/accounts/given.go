package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
)

// purposeGivenEmail is the purpose of the challenge of a link to a given address. The
// data of the challenge is empty until the link is opened.
const purposeGivenEmail = "given_email"

// giveEmail adds an address to a login that waits in the stage verify_email, in place of
// the unverified address of the account if there is one. The user verifies it by code or
// link; it is stored when the login completes.
func (s *Flows) giveEmail(ctx context.Context, a *AwaitedCode, email string) error {
	taken, err := s.checkGiven(ctx, a.login(), email)
	if err != nil {
		return err
	}
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	awaited, _, err := s.awaitedAddress(ctx, a.login())
	if err != nil {
		return err
	}
	return s.pipeline.Change(ctx, a.sess, a.login().UserID, func(ctx context.Context) (err error) {
		l := a.login()
		given := login.Given{Contact: email, Replaces: awaited.Email}
		if s.cfg.EmailVerificationByCode == nil {
			err = s.mailGivenLink(ctx, l, &given, taken)
		} else {
			l.EmailVerification, err = a.Send(ctx, s.emailRecipient(l.UserID, email, taken))
		}
		if err != nil {
			return err
		}
		l.GivenEmail = &given
		a.sess.SetLogin(l)
		return nil
	})
}

// checkGiven reports whether another user has verified the address. With AllowEnumeration
// it returns authn.Errors then.
func (s *Service) checkGiven(ctx context.Context, l *login.Attempt, email string) (bool, error) {
	taken, err := s.isTaken(ctx, l.UserID, email)
	if err == nil && taken && s.cfg.Enumeration == account.AllowEnumeration {
		return false, problem.List("email", code.EmailTaken)
	}
	return taken, err
}

// mailGivenLink mails a link that verifies the address for this login only. If the address
// is taken, its owner gets another message instead.
func (s *Service) mailGivenLink(ctx context.Context, l *login.Attempt, given *login.Given, taken bool) error {
	lifetime := s.deps.LoginTimeout
	c, err := s.codes.Issue(ctx, authn.Challenge{
		Purpose: purposeGivenEmail, UserID: l.UserID, Subject: given.Contact,
	}, "", lifetime)
	if err != nil {
		return err
	}
	given.Challenge = c.ID
	if taken {
		if _, err := s.recipient(ctx, l.UserID); err != nil { // as for a link
			return err
		}
		return s.mailAccountExists(ctx, given.Contact) // the limit has been charged
	}
	return s.mailKey(ctx, l.UserID, given.Contact, false, lifetime, linkPayload(l.UserID, given.Contact, l.AuthHash, c.ID))
}

// verifyGivenByLink stores that the link to a given address was opened, and resumes the
// login if it waits in this session. In another session, the login continues when the
// user logs in again there. Returns authn.Errors if the link is invalid.
func (s *Flows) verifyGivenByLink(ctx context.Context, sess *login.Session, c *authn.Challenge) error {
	waiting := func() *login.Attempt { // anew in each run of the transaction
		if l := sess.Pending(login.StageVerifyEmail); l != nil && l.GivenEmail != nil && l.GivenEmail.Challenge == c.ID {
			return l
		}
		return nil
	}
	if len(c.Data) > 0 && waiting() == nil {
		return problem.List("key", code.InvalidOrExpiredKey)
	}
	return s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error {
		if len(c.Data) == 0 {
			opened := *c
			opened.Data = []byte("opened")
			err := s.codes.Reissue(ctx, &opened, "")
			if errors.Is(err, work.ErrNotPending) {
				return problem.List("key", code.InvalidOrExpiredKey)
			}
			if err != nil {
				return err
			}
		}
		if l := waiting(); l != nil {
			l.GivenEmail = l.GivenEmail.AsVerified()
			sess.SetLogin(l)
			return s.pipeline.Pass(ctx, sess, login.StageVerifyEmail)
		}
		sess.SetLogin(nil)
		return nil
	})
}

// resumeGivenEmail reports whether the login uses an address that was given in an earlier
// attempt of the session, and whether that address is verified.
func (s *Service) resumeGivenEmail(ctx context.Context, l *login.Attempt) (given, verified bool, err error) {
	g := l.GivenEmail
	if g == nil || g.Verified {
		return g != nil, g != nil, nil
	}
	c, err := s.codes.Find(ctx, purposeGivenEmail, g.Challenge)
	if errors.Is(err, work.ErrNotPending) {
		l.GivenEmail = nil
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	if len(c.Data) == 0 {
		return true, false, nil
	}
	l.GivenEmail = g.AsVerified()
	return true, true, nil
}

// StoreGiven stores the address and the number that the user gave and verified while the
// login waited. Verified contacts of the account are kept. Returns authn.Errors, and
// stores neither, if another user has verified one of them meanwhile.
func (s *Service) StoreGiven(ctx context.Context, sess *login.Session, l *login.Attempt) error {
	tx := s.deps.Tx
	if err := tx.LockUser(ctx, l.UserID); err != nil {
		return fmt.Errorf("lock user: %w", err)
	}
	return tx.InSavepoint(ctx, func(ctx context.Context) error {
		if g := l.GivenEmail; g != nil && g.Verified {
			if err := s.storeGivenEmail(ctx, sess, l.UserID, *g); err != nil {
				return err
			}
		}
		if g := l.GivenPhone; g != nil && g.Verified {
			return s.storeGivenPhone(ctx, l.UserID, g.Contact)
		}
		return nil
	})
}

func (s *Service) storeGivenEmail(ctx context.Context, sess *login.Session, userID string, given login.Given) error {
	emails, err := s.emailsOf(ctx, userID)
	if err != nil {
		return err
	}
	if old, found := findEmail(emails, given.Replaces); found && !old.Verified && old.Email != given.Contact {
		if err := s.store.DeleteEmail(ctx, userID, given.Replaces); err != nil {
			return fmt.Errorf("delete email address: %w", err)
		}
	}
	if err := s.storeVerifiedEmail(ctx, sess, account.EmailAddress{UserID: userID, Email: given.Contact, CreatedAt: s.deps.Now()}); err != nil {
		return err
	}
	if emails, err = s.emailsOf(ctx, userID); err != nil {
		return err
	}
	if primary(emails).Verified {
		return nil
	}
	if err := s.store.SetPrimaryEmail(ctx, userID, given.Contact); err != nil {
		return fmt.Errorf("set primary email address: %w", err)
	}
	return nil
}

func (s *Service) storeGivenPhone(ctx context.Context, userID, number string) error {
	phone, err := s.phoneOf(ctx, userID)
	if err != nil || phone != nil && phone.Verified {
		return err
	}
	return s.storeVerifiedPhone(ctx, userID, number)
}
