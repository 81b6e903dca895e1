package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

const (
	purposeResetLink = "password_reset_link"
	purposeResetCode = "password_reset_code"
)

// resetChallenge returns the reset by code that is under way in this session,
// or work.ErrNotPending.
func (s *Service) resetChallenge(ctx context.Context, sess *login.Session) (*authn.Challenge, error) {
	c, err := s.codes.Find(ctx, purposeResetCode, sess.State.PasswordReset)
	if errors.Is(err, work.ErrNotPending) {
		login.Drop(sess, &sess.State.PasswordReset)
	}
	return c, err
}

func (s *Service) resetPending(ctx context.Context, sess *login.Session) (bool, error) {
	_, err := s.resetChallenge(ctx, sess)
	if errors.Is(err, work.ErrNotPending) {
		return false, nil
	}
	return err == nil, err
}

// CheckResetPending returns work.ErrNotPending where a code is expected and
// none is awaited in this session.
func (s *Service) CheckResetPending(ctx context.Context, sess *login.Session) error {
	if s.cfg.PasswordResetByCode == nil {
		return nil
	}
	_, err := s.resetChallenge(ctx, sess)
	return err
}

// ResetIdentity shows whose password the key or code resets, without using it
// up.
func (s *Service) ResetIdentity(ctx context.Context, sess *login.Session, key string) (*login.Identity, error) {
	c, err := s.resetKey(ctx, sess, key)
	if err != nil {
		return nil, err
	}
	return s.Identify(ctx, c.UserID)
}

// resetKey checks the key of a link, or the code that the session waits for.
func (s *Service) resetKey(ctx context.Context, sess *login.Session, key string) (*authn.Challenge, error) {
	if s.cfg.PasswordResetByCode != nil {
		return s.tryResetCode(ctx, sess, key)
	}
	if key == "" {
		return nil, problem.List("key", code.Required)
	}
	id, secret, _ := strings.Cut(key, "-")
	c, err := s.codes.Match(ctx, purposeResetLink, id, secret)
	if errors.Is(err, work.ErrNotPending) {
		return nil, problem.List("key", code.InvalidPasswordReset)
	}
	return c, err
}

func (s *Service) tryResetCode(ctx context.Context, sess *login.Session, code string) (*authn.Challenge, error) {
	c, err := s.resetChallenge(ctx, sess)
	if err != nil {
		return nil, err
	}
	return s.tryCode(ctx, sess, c, "key", code, func() { login.Drop(sess, &sess.State.PasswordReset) })
}

// ResetPassword sets a new password by key or code. All the user's sessions
// end.
func (s *Flows) ResetPassword(ctx context.Context, sess *login.Session, key, replacement string) error {
	c, keyErr := s.resetKey(ctx, sess, key)
	var errs authn.Errors
	if keyErr != nil && !errors.As(keyErr, &errs) {
		return keyErr
	}
	passwordErrs, err := s.checkReplacement(ctx, c, replacement)
	if err != nil {
		return err
	}
	if errs = append(errs, passwordErrs...); len(errs) > 0 {
		return errs
	}
	hash, err := s.hasher.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	err = s.pipeline.Change(ctx, sess, c.UserID, func(ctx context.Context) error { return s.applyReset(ctx, sess, c, hash) })
	if errors.Is(err, work.ErrNotPending) {
		login.Drop(sess, &sess.State.PasswordReset)
	}
	return err
}

// checkReplacement validates the new password. Whose it is matters only once
// the key is right: until then the answer must not depend on it.
func (s *Service) checkReplacement(ctx context.Context, c *authn.Challenge, replacement string) (authn.Errors, error) {
	if replacement == "" {
		return problem.List("password", code.Required), nil
	}
	var attributes []string
	switch {
	case c != nil:
		id, err := s.Identify(ctx, c.UserID)
		if err != nil {
			return nil, err
		}
		attributes = append(s.attributes(id), c.Subject)
	case s.cfg.PasswordResetByCode == nil:
		return nil, nil // a link that is no good is all there is to say
	}
	return passwordProblems("password", s.cfg.Password.ForSingleFactor().Validate(ctx, replacement, attributes...)), nil
}

func (s *Flows) applyReset(ctx context.Context, sess *login.Session, c *authn.Challenge, hash string) error {
	if err := s.codes.Consume(ctx, c); err != nil {
		return resetProblem(c, err)
	}
	login.Drop(sess, &sess.State.PasswordReset)
	if err := s.reclaim(ctx, sess, c.UserID, c.Subject); err != nil {
		return resetProblem(c, err)
	}
	except := ""
	if s.cfg.LoginOnPasswordReset && sess.UserID() == c.UserID {
		except = sess.RowID // the login that follows replaces it
	}
	old, err := s.passwordHash(ctx, c.UserID)
	if err != nil {
		return err
	}
	if err := s.replacePassword(ctx, c.UserID, authHash(old), hash, except); err != nil {
		return err
	}
	if s.cfg.PasswordResetByCode != nil {
		if err := s.proveAgain(ctx, sess, account.EmailAddress{UserID: c.UserID, Email: c.Subject}, "key"); err != nil {
			return err
		}
	}
	work.Emit(ctx, account.PasswordReset{UserID: c.UserID})
	id, err := s.Identify(ctx, c.UserID)
	if err != nil {
		return err
	}
	work.Afterwards(ctx, func(ctx context.Context) error { return s.forgetFailures(ctx, id.User) })
	if err := s.Notify(ctx, sess, "account/password_reset", id, map[string]any{}); err != nil {
		return err
	}
	return s.loginAfterReset(ctx, sess, c)
}

// resetProblem is what to say of a reset that has come to nothing: a link is no
// good, a code is awaited no more.
func resetProblem(c *authn.Challenge, err error) error {
	if errors.Is(err, work.ErrNotPending) && c.Purpose == purposeResetLink {
		return problem.List("key", code.InvalidPasswordReset)
	}
	return err
}

func (s *Flows) loginAfterReset(ctx context.Context, sess *login.Session, c *authn.Challenge) error {
	if !s.cfg.LoginOnPasswordReset {
		if sess.UserID() == c.UserID {
			s.Logout(ctx, sess) // it ended with the others
		}
		return nil
	}
	sess.AddMethod(c.UserID, authn.Method{Name: "password_reset", Email: c.Subject, At: s.deps.Now()})
	return s.pipeline.Start(ctx, sess, login.Attempt{UserID: c.UserID, Email: c.Subject})
}

// forgetFailures clears the counters of wrong passwords: whoever reads the mail
// has proved more than a password would.
func (s *Service) forgetFailures(ctx context.Context, user *authn.User) error {
	emails, err := s.store.EmailsByUser(ctx, user.ID)
	if err != nil {
		return fmt.Errorf("load e-mail addresses: %w", err)
	}
	phone, err := s.store.PhoneByUser(ctx, user.ID)
	if err != nil && !errors.Is(err, authn.ErrNotFound) {
		return fmt.Errorf("load phone number: %w", err)
	}
	names := []string{user.Username}
	for _, e := range emails {
		names = append(names, e.Email)
	}
	if phone != nil {
		names = append(names, phone.Number)
	}
	for i, name := range names {
		names[i] = canonicalIdentifier(name)
	}
	subject := ratelimit.Subject{Also: append(names, s.accountKeys("", user.ID)...)}
	return s.deps.Limits.Reset(ctx, ratelimit.ActionLoginFailed, subject)
}
