package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
)

// purposeGivenEmail is the challenge that a link to a given address proves. Its
// data is empty until the link was opened.
const purposeGivenEmail = "given_email"

// giveEmail takes an address for a login that waits at verify_email: in place of
// the unverified one that it waits for, or where the account has none. It is
// verified by code or link like any other, and stored when the login completes.
func (s *Flows) giveEmail(ctx context.Context, sess *login.Session, l *login.Attempt, input string) error {
	email, errs := cleanEmail("email", input, true)
	if len(errs) > 0 {
		return errs
	}
	c, err := s.findEmailChallenge(ctx, l)
	if err != nil && !errors.Is(err, work.ErrNotPending) {
		return err
	}
	if c != nil && c.Subject == email {
		return problem.List("email", code.SameAsCurrent)
	}
	taken, err := s.checkGiven(ctx, l, email)
	if err != nil {
		return err
	}
	if err := s.takeConfirmEmail(ctx, email); err != nil {
		return err
	}
	awaited, _, err := s.awaitedAddress(ctx, l)
	if err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, l.UserID, func(ctx context.Context) error {
		given := login.Given{Contact: email, Replaces: awaited.Email}
		if s.cfg.EmailVerificationByCode == nil {
			err = s.mailGivenLink(ctx, l, &given, taken)
		} else {
			err = s.mailGivenCode(ctx, l, c, email, taken)
		}
		if err != nil {
			return err
		}
		l.GivenEmail = &given
		sess.SetLogin(l)
		if !taken {
			return nil
		}
		return s.mailAccountExists(ctx, email) // the limit has been charged
	})
}

// checkGiven reports whether another user has verified the address. Where that
// may be told it is refused.
func (s *Service) checkGiven(ctx context.Context, l *login.Attempt, email string) (bool, error) {
	taken, err := s.isTaken(ctx, l.UserID, email)
	if err == nil && taken && s.cfg.Enumeration == account.AllowEnumeration {
		return false, problem.List("email", code.EmailTaken)
	}
	return taken, err
}

// mailGivenCode mails a code in the place of the one that the login waits for,
// or a first one. c is the challenge of the former and may be nil. A taken
// address gets no code.
func (s *Service) mailGivenCode(ctx context.Context, l *login.Attempt, c *authn.Challenge, email string, taken bool) error {
	cfg := s.cfg.EmailVerificationByCode
	code := ""
	if !taken {
		var err error
		if code, err = codes.NewCode(cfg.Format, s.deps.Rand); err != nil {
			return err
		}
	}
	if c == nil {
		issued, err := s.codes.Issue(ctx, authn.Challenge{
			Purpose: purposeVerifyEmail, UserID: l.UserID, Subject: email, MaxAttempts: cfg.MaxAttempts,
		}, code, cfg.Timeout)
		if err != nil {
			return err
		}
		l.Notes.EmailVerification = issued.ID
		return s.mailEmailCode(ctx, issued, code, false)
	}
	changed := *c
	changed.Subject, changed.Changes = email, c.Changes+1
	if err := s.codes.Reissue(ctx, &changed, code); err != nil {
		return err
	}
	return s.mailEmailCode(ctx, &changed, code, false)
}

// mailGivenLink mails a link that proves the address for this login only. A
// taken address gets none.
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
		return nil
	}
	return s.mailKey(ctx, given.Contact, false, lifetime, linkPayload(l.UserID, given.Contact, l.AuthHash, c.ID))
}

// verifyGivenByLink notes that a link to a given address was opened, and goes on
// with the login if it waits in this session. In any other session it goes on
// when the user logs in again there.
func (s *Flows) verifyGivenByLink(ctx context.Context, sess *login.Session, c *authn.Challenge) error {
	l := sess.Pending(login.StageVerifyEmail)
	waits := l != nil && l.GivenEmail != nil && l.GivenEmail.Challenge == c.ID
	if len(c.Data) > 0 && !waits {
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
		if waits {
			l.GivenEmail = l.GivenEmail.AsVerified()
			sess.SetLogin(l)
			return s.pipeline.Pass(ctx, sess, login.StageVerifyEmail)
		}
		sess.SetLogin(nil)
		return nil
	})
}

// resumeGivenEmail reports whether the login goes on with the address that was
// given in an earlier attempt of the session, and whether that is verified.
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

// StoreGiven stores the address and the number that the user gave, and has
// verified, while the login waited. What the account has verified meanwhile
// stays. authn.Errors, and nothing is stored, if another user has verified one of
// them meanwhile.
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
			return s.storeGivenPhone(ctx, sess, l.UserID, g.Contact)
		}
		return nil
	})
}

func (s *Service) storeGivenEmail(ctx context.Context, sess *login.Session, userID string, given login.Given) error {
	emails, err := s.store.EmailsByUser(ctx, userID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	replaced := func(e account.EmailAddress) bool {
		return e.Email == given.Replaces && e.Email != given.Contact && !e.Verified
	}
	if slices.ContainsFunc(emails, replaced) {
		if err := s.store.DeleteEmail(ctx, userID, given.Replaces); err != nil {
			return fmt.Errorf("delete e-mail address: %w", err)
		}
	}
	if err := s.confirmNew(ctx, sess, account.EmailAddress{UserID: userID, Email: given.Contact, CreatedAt: s.deps.Now()}); err != nil {
		return err
	}
	if emails, err = s.store.EmailsByUser(ctx, userID); err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	if primary(emails).Verified {
		return nil
	}
	if err := s.store.SetPrimaryEmail(ctx, userID, given.Contact); err != nil {
		return fmt.Errorf("set primary e-mail address: %w", err)
	}
	return nil
}

func (s *Service) storeGivenPhone(ctx context.Context, sess *login.Session, userID, number string) error {
	c, err := s.contactsOf(ctx, userID)
	if err != nil {
		return err
	}
	if c.phone != nil && c.phone.Verified {
		return nil
	}
	return s.provePhone(ctx, sess, userID, number)
}
