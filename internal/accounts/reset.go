package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/codes"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

const purposeResetLink = "password_reset_link"

// ResetKey returns the code for which this session waits, or, if links are mailed or the
// key is that of a link, an AwaitedCode for any link. Returns work.ErrNotPending if the
// session waits for no code. The host mails links even if users reset their passwords by
// code.
func (s *Service) ResetKey(ctx context.Context, sess *login.Session, key string) (*AwaitedCode, error) {
	a := &AwaitedCode{sess: sess, slot: &sess.State.PasswordReset}
	if s.cfg.PasswordResetByCode == nil || s.codes.IsKey(key) {
		return a, nil
	}
	var err error
	a.Pending, err = s.codes.Pending(ctx, s.resetCode(), *a.slot)
	if errors.Is(err, work.ErrNotPending) {
		login.Drop(sess, a.slot)
	}
	return a, err
}

// IsResetKey reports whether a key has the format of those that reset a password. Other
// keys are refused without counting an attempt.
func (s *Service) IsResetKey(key string) bool {
	return s.cfg.PasswordResetByCode == nil || s.codes.IsKey(key) || codes.Fits(s.cfg.PasswordResetByCode.Format, key)
}

// ResetIdentity returns the user whose password the key or code resets, without consuming
// it. Returns authn.Errors for a wrong key or code.
func (s *Service) ResetIdentity(ctx context.Context, a *AwaitedCode, key string) (*login.Identity, error) {
	reset, err := s.matchReset(ctx, a, key)
	if err != nil {
		return nil, err
	}
	return s.Identify(ctx, reset.UserID)
}

// matchReset verifies the key of a link or the code, and returns its reset.
func (s *Service) matchReset(ctx context.Context, a *AwaitedCode, key string) (*AwaitedCode, error) {
	if a.Pending != nil {
		return a, s.verify(ctx, a, key)
	}
	if key == "" {
		return nil, problem.List("key", code.Required)
	}
	p, err := s.codes.MatchKey(ctx, purposeResetLink, key)
	if errors.Is(err, work.ErrNotPending) {
		p, err = s.codes.MatchKey(ctx, purposeInvitation, key)
	}
	if errors.Is(err, work.ErrNotPending) {
		return nil, invalidResetKey()
	}
	return &AwaitedCode{Pending: p, sess: a.sess, slot: a.slot}, err
}

// ResetPassword sets a new password by key or code, and ends all sessions of the user.
// Returns authn.Errors for a wrong key or code and for a bad password, work.ErrNotPending
// if another request has used the code.
func (s *Flows) ResetPassword(ctx context.Context, a *AwaitedCode, key, replacement string) error {
	reset, err := s.matchReset(ctx, a, key)
	var errs authn.Errors
	if err != nil {
		reset = nil
		if !errors.As(err, &errs) {
			return err
		}
	}
	passwordErrs, unchecked, err := s.checkReplacement(ctx, reset, a.Pending == nil, replacement)
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
	return s.consumeReset(ctx, reset, func(ctx context.Context) error {
		if reset.Purpose != purposeInvitation {
			return s.applyReset(ctx, reset, newHash{hash, unchecked})
		}
		if err := s.acceptInvitation(ctx, reset, newHash{hash, unchecked}); err != nil {
			return err
		}
		return s.loginAfterReset(ctx, reset)
	})
}

// consumeReset consumes a key or code, and calls change in the same transaction.
func (s *Flows) consumeReset(ctx context.Context, reset *AwaitedCode, change func(ctx context.Context) error) error {
	err := s.consumeThen(ctx, reset, change)
	switch {
	case !errors.Is(err, work.ErrNotPending):
		return err
	case reset.Purpose != purposeResetCode:
		return invalidResetKey()
	}
	login.Drop(reset.sess, reset.slot)
	return err
}

func invalidResetKey() authn.Errors { return problem.List("key", code.InvalidPasswordReset) }

// checkReplacement returns the problems of the new password. It compares the password with
// the attributes of the user only if the key or code is right (reset is not nil);
// otherwise the answer would depend on the user.
func (s *Service) checkReplacement(ctx context.Context, reset *AwaitedCode, isLink bool, replacement string) (errs authn.Errors, unchecked bool, err error) {
	if replacement == "" {
		return problem.List("password", code.Required), false, nil
	}
	policy, user := s.cfg.Password.ForSingleFactor(), &authn.User{}
	var attributes []string
	switch {
	case reset != nil:
		id, err := s.Identify(ctx, reset.UserID)
		if err != nil {
			return nil, false, err
		}
		user, attributes = id.User, append(s.attributes(id), reset.Subject)
	case isLink:
		return nil, false, nil // the answer says only that the link is invalid
	default:
		policy.Check = nil // it depends on the user, too
	}
	return s.checkNewPassword(ctx, policy, "password", replacement, user, attributes...)
}

// applyReset stores the new password, verifies the address of a code, publishes the
// event, mails the user and starts a login if the host wants that. It runs in the
// transaction that consumes the key or code.
func (s *Flows) applyReset(ctx context.Context, reset *AwaitedCode, hash newHash) error {
	sess, userID := reset.sess, reset.UserID
	login.Drop(sess, reset.slot)
	if err := s.reclaim(ctx, sess, userID, reset.Subject); err != nil {
		return err
	}
	except := ""
	if s.cfg.LoginOnPasswordReset && sess.UserID() == userID {
		except = sess.RowID // the login below gives this session a new token
	}
	old, err := s.passwordHash(ctx, userID)
	if err != nil {
		return err
	}
	if err := s.replacePassword(ctx, userID, authHash(old), hash, except); err != nil {
		return err
	}
	if reset.Purpose == purposeResetCode {
		if err := s.ensureVerified(ctx, sess, account.EmailAddress{UserID: userID, Email: reset.Subject}, "key"); err != nil {
			return err
		}
	}
	work.Emit(ctx, userID, account.PasswordReset{})
	id, err := s.Identify(ctx, userID)
	if err != nil {
		return err
	}
	work.Afterwards(ctx, func(ctx context.Context) error { return s.clearFailures(ctx, id.User) })
	if err := s.Notify(ctx, sess, "account/password_reset", id, map[string]any{}); err != nil {
		return err
	}
	return s.loginAfterReset(ctx, reset)
}

func (s *Flows) loginAfterReset(ctx context.Context, reset *AwaitedCode) error {
	sess, userID := reset.sess, reset.UserID
	if !s.cfg.LoginOnPasswordReset {
		if sess.UserID() == userID {
			s.Logout(ctx, sess) // the session ended with the others
		}
		return nil
	}
	sess.AddMethod(userID, authn.Method{Name: "password_reset", Email: reset.Subject, At: s.deps.Now()})
	return s.pipeline.Start(ctx, sess, login.Attempt{UserID: userID, Email: reset.Subject})
}

// clearFailures resets the user's counters of wrong passwords. Access to the mailbox
// authenticates the user at least as well as the password.
func (s *Service) clearFailures(ctx context.Context, user *authn.User) error {
	c, err := s.contactsOf(ctx, user.ID)
	if err != nil {
		return err
	}
	names := []string{user.Username}
	for _, e := range c.emails {
		names = append(names, e.Email)
	}
	if c.phone != nil {
		names = append(names, c.phone.Number)
	}
	for i, name := range names {
		names[i] = canonicalIdentifier(name)
	}
	subject := ratelimit.Subject{Also: append(names, s.accountKeys("", user.ID)...)}
	return s.deps.Limits.Reset(ctx, ratelimit.ActionLoginFailed, subject)
}
