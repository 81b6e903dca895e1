package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// purposeUnchecked marks a user whose password could not be looked up in the list of
// breached ones when it was set.
const purposeUnchecked = "password_not_looked_up"

// uncheckedLifetime is how long a password without a lookup is marked.
const uncheckedLifetime = 365 * 24 * time.Hour

// checkNewPassword returns the problems of a new password as those of a field. unchecked
// is true if the list of breached passwords did not answer. user may be a sign-up without
// an id. Returns the errors of the host's rule.
func (s *Service) checkNewPassword(ctx context.Context, policy password.Policy, param, value string, user *authn.User, attributes ...string) (errs authn.Errors, unchecked bool, err error) {
	errs = policy.Validate(value, attributes...)
	if len(errs) == 0 && policy.BreachList != nil {
		found, err := policy.IsBreached(ctx, value)
		switch {
		case err != nil: // the hook logs it
			unchecked = true
		case found:
			errs = problem.List(param, code.PasswordBreached)
		}
	}
	if len(errs) == 0 && policy.Check != nil {
		if errs, err = inputErrors(policy.Check(ctx, value, user)); err != nil {
			return nil, false, err
		}
	}
	for i, e := range errs {
		ofField := *e
		ofField.Param = param
		errs[i] = &ofField
	}
	return errs, unchecked, nil
}

// uncheckedID returns the id of the mark of a user.
func uncheckedID(userID string) string { return markID(purposeUnchecked, userID) }

// markID returns the id of the one challenge of a purpose that a user has.
func markID(purpose, userID string) string {
	sum := sha256.Sum256([]byte(purpose + "\x00" + userID))
	return hex.EncodeToString(sum[:16])
}

// markUnchecked marks a user whose new password could not be looked up, and removes the
// mark of an earlier password. It runs in the transaction that stores the password.
func (s *Service) markUnchecked(ctx context.Context, userID string, unchecked bool) error {
	if s.cfg.Password.BreachList == nil {
		return nil
	}
	if err := s.codes.Store.DeleteChallenge(ctx, uncheckedID(userID)); err != nil {
		return fmt.Errorf("delete the mark of a password: %w", err)
	}
	if !unchecked {
		return nil
	}
	_, err := s.codes.Issue(ctx, authn.Challenge{ID: uncheckedID(userID), Purpose: purposeUnchecked, UserID: userID}, "", uncheckedLifetime)
	return err
}

// checkOldPassword looks up the right password with which a user is about to log in, if
// the host wants that, or if it could not be looked up before. Returns authn.Errors if the
// user has to reset it.
func (s *Flows) checkOldPassword(ctx context.Context, sess *login.Session, user *authn.User, in LoginInput) error {
	policy := s.cfg.Password
	if policy.BreachList == nil {
		return nil
	}
	if !policy.LookUpAtLogin {
		_, err := s.codes.Find(ctx, purposeUnchecked, uncheckedID(user.ID))
		if errors.Is(err, work.ErrNotPending) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	found, err := policy.IsBreached(ctx, in.Password)
	switch {
	case err != nil: // the next login tries again
		return nil
	case !found:
		work.Afterwards(ctx, func(ctx context.Context) error { return s.markUnchecked(ctx, user.ID, false) })
		return nil
	}
	work.Emit(ctx, user.ID, password.BreachFound{})
	if !policy.ResetBreached {
		return nil
	}
	return s.requireReset(ctx, sess, user)
}

// requireReset mails the user a link or code to reset the password, and returns
// authn.Errors that say so. It returns nil if no address of the user can reset it.
func (s *Flows) requireReset(ctx context.Context, sess *login.Session, user *authn.User) error {
	c, err := s.contactsOf(ctx, user.ID)
	if err != nil {
		return err
	}
	email := primary(c.emails).Email
	if !c.recovers(email) {
		email = primary(c.onlyVerified().emails).Email
	}
	if email == "" {
		return nil
	}
	_, err = s.deps.Limits.Take(ctx, ratelimit.ActionResetPassword, ratelimit.Subject{IP: sess.Client.IP, Key: s.limitKey(sess, email, user.ID)})
	if err == nil {
		err = s.deps.InTx(ctx, func(ctx context.Context) error { return s.sendReset(ctx, sess, email, []*authn.User{user}) })
	}
	if err != nil && !errors.Is(err, ratelimit.ErrLimited) { // a mail was sent a moment ago
		return err
	}
	return problem.List("", code.PasswordBreached)
}
