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

// issueEmailCode mails a code and returns its challenge. Without a user nothing
// is mailed and nothing will match.
func (s *Service) issueEmailCode(ctx context.Context, userID, email string, signup bool) (*authn.Challenge, error) {
	code, err := s.codeFor(userID, s.cfg.EmailVerificationByCode.Format)
	if err != nil {
		return nil, err
	}
	challenge, err := s.codes.Issue(ctx, authn.Challenge{
		Purpose: purposeVerifyEmail, UserID: userID, Subject: email, MaxAttempts: s.cfg.EmailVerificationByCode.MaxAttempts,
	}, code, s.cfg.EmailVerificationByCode.Timeout)
	if err != nil || code == "" {
		return challenge, err // the owner is told that they have an account
	}
	return challenge, s.mailEmailCode(ctx, challenge, code, signup)
}

// codeFor draws a code, or none for nobody.
func (s *Service) codeFor(userID string, format account.CodeFormat) (string, error) {
	if userID == "" {
		return "", nil
	}
	return codes.NewCode(format, s.deps.Rand)
}

func (s *Service) mailEmailCode(ctx context.Context, c *authn.Challenge, code string, signup bool) error {
	return s.mailCode(ctx, confirmationKind(signup), c, code)
}

// mailCode mails a code to the subject of its challenge. The empty code of a
// decoy reaches nobody.
func (s *Service) mailCode(ctx context.Context, kind string, c *authn.Challenge, code string) error {
	left := c.ExpiresAt.Sub(s.deps.Now())
	post, code := s.postFor(code)
	return post.Mail(ctx, kind, c.Subject, map[string]any{"Code": code, "ExpiresIn": codes.InWords(left)}, left)
}

// emailChallenge returns the process under way: that of a login which waits, or
// that of a logged-in user. work.ErrNotPending if there is none.
func (s *Service) emailChallenge(ctx context.Context, sess *login.Session) (*authn.Challenge, error) {
	l, id := sess.Pending(login.StageVerifyEmail), ""
	if l != nil {
		id = l.Notes.EmailVerification
	} else if sess.Authenticated() {
		id = sess.State.Slots.EmailVerification
	}
	return s.awaited(ctx, sess, l, purposeVerifyEmail, id)
}

// awaited returns the challenge with that id, which the attempt waits for, or, if
// that is nil, the logged-in user. work.ErrNotPending if there is none. An attempt
// whose challenge has expired is ended.
func (s *Service) awaited(ctx context.Context, sess *login.Session, l *login.Attempt, purpose, id string) (*authn.Challenge, error) {
	c, err := s.codes.Find(ctx, purpose, id)
	if errors.Is(err, work.ErrNotPending) && l != nil && id != "" {
		sess.SetLogin(nil)
	}
	if err == nil && sess.Authenticated() && c.UserID != sess.UserID() {
		return nil, work.ErrNotPending
	}
	return c, err
}

// CheckEmailPending returns work.ErrNotPending where a code is expected and
// none is awaited in this session.
func (s *Service) CheckEmailPending(ctx context.Context, sess *login.Session) error {
	if s.cfg.EmailVerificationByCode == nil {
		return nil
	}
	_, err := s.emailChallenge(ctx, sess)
	return err
}

// tryEmailCode counts an attempt and compares.
func (s *Service) tryEmailCode(ctx context.Context, sess *login.Session, code string) (*authn.Challenge, error) {
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return nil, err
	}
	return s.tryCode(ctx, sess, c, "key", code, func() { s.dropEmailProcess(sess) })
}

func (s *Service) dropEmailProcess(sess *login.Session) {
	if sess.Pending(login.StageVerifyEmail) != nil {
		sess.SetLogin(nil)
	}
	login.Drop(sess, &sess.State.EmailVerification)
}

func (s *Flows) verifyEmailByCode(ctx context.Context, sess *login.Session, code string) error {
	c, err := s.tryEmailCode(ctx, sess, code)
	if err != nil {
		return err
	}
	if err := s.checkFree(ctx, c.UserID, c.Subject); err != nil {
		return err
	}
	err = s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error {
		if err := s.codes.Consume(ctx, c); err != nil {
			return err
		}
		l := sess.Pending(login.StageVerifyEmail)
		if l != nil && l.GivenEmail != nil {
			l.GivenEmail = l.GivenEmail.AsVerified()
			sess.SetLogin(l)
			return s.pipeline.Pass(ctx, sess, login.StageVerifyEmail)
		}
		if l != nil {
			if err := s.requireOnAccount(ctx, c); err != nil {
				return err
			}
		}
		address := account.EmailAddress{UserID: c.UserID, Email: c.Subject, CreatedAt: s.deps.Now()}
		if err := s.confirmNew(ctx, sess, address); err != nil {
			return err
		}
		if l != nil {
			return s.pipeline.Pass(ctx, sess, login.StageVerifyEmail)
		}
		login.Drop(sess, &sess.State.EmailVerification)
		return s.replaceOthers(ctx, sess, address)
	})
	if errors.Is(err, work.ErrNotPending) {
		sess.SetLogin(nil)
	}
	return err
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

// ResendEmailCode mails a new code in place of the awaited one.
// work.ErrNotPending if none is awaited or no more may be asked for.
func (s *Service) ResendEmailCode(ctx context.Context, sess *login.Session) error {
	if s.cfg.EmailVerificationByCode == nil {
		return work.ErrNotPending
	}
	c, err := s.emailChallenge(ctx, sess)
	if err != nil {
		return err
	}
	if c.Resends >= s.cfg.EmailVerificationByCode.Resends {
		return work.ErrNotPending
	}
	if err := s.takeConfirmEmail(ctx, c.Subject); err != nil {
		return err
	}
	c.Resends++
	taken, err := s.isTaken(ctx, c.UserID, c.Subject)
	if err != nil {
		return err
	}
	if taken { // its owner has been told, and the code would be of no use to anybody
		return s.reissueEmailCode(ctx, sess, c, "")
	}
	code, err := s.codeFor(c.UserID, s.cfg.EmailVerificationByCode.Format)
	if err != nil {
		return err
	}
	return s.reissueEmailCode(ctx, sess, c, code)
}

// reissueEmailCode mails a code in place of the awaited one. The empty code of a
// decoy reaches nobody.
func (s *Service) reissueEmailCode(ctx context.Context, sess *login.Session, c *authn.Challenge, code string) error {
	attempt := sess.Pending(login.StageVerifyEmail)
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.codes.Reissue(ctx, c, code); err != nil {
			return err
		}
		return s.mailEmailCode(ctx, c, code, attempt != nil && attempt.Signup)
	})
}
