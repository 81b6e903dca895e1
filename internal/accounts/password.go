package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// ChangePassword gives the logged-in user a new password, or a first one. All
// their other sessions end.
func (s *Flows) ChangePassword(ctx context.Context, sess *login.Session, current, replacement string) error {
	if !sess.Authenticated() {
		return work.ErrUnauthenticated
	}
	had, proved := sess.Identity.HasUsablePassword, sess.Identity.AuthHash
	errs, err := s.checkCurrent(ctx, sess, current, &proved)
	if err != nil {
		return err
	}
	if replacement == "" {
		errs = append(errs, problem.Of("new_password", code.Required))
	} else {
		policy, err := s.policyFor(ctx, sess.UserID())
		if err != nil {
			return err
		}
		errs = append(errs, passwordProblems("new_password", policy.Validate(ctx, replacement, s.attributes(sess.Identity)...))...)
	}
	if len(errs) > 0 {
		return errs
	}
	if !had {
		// Without a password to ask for, a stolen session could set one.
		if err := s.pipeline.RequireRecent(ctx, sess); err != nil {
			return err
		}
	}
	hash, err := s.hasher.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		err := s.replacePassword(ctx, sess.UserID(), proved, hash, sess.RowID)
		if errors.Is(err, authn.ErrConflict) {
			return problem.List("current_password", code.EnterCurrentPassword)
		}
		if err != nil {
			return err
		}
		return s.afterChange(ctx, sess, had)
	})
}

// policyFor returns the rules for the user's next password.
func (s *Flows) policyFor(ctx context.Context, userID string) (password.Policy, error) {
	policy := s.cfg.Password
	if policy.SingleFactorMinLength == 0 {
		return policy, nil
	}
	second, err := s.factors.HasAuthenticators(ctx, userID)
	if err != nil || second {
		return policy, err
	}
	return policy.ForSingleFactor(), nil
}

// checkCurrent verifies the current password, where there is one, and sets proved
// to the fingerprint of the hash that it matched.
func (s *Flows) checkCurrent(ctx context.Context, sess *login.Session, current string, proved *string) (authn.Errors, error) {
	if current == "" {
		if sess.Identity.HasUsablePassword {
			return problem.List("current_password", code.Required), nil
		}
		return nil, nil
	}
	authHash, err := s.checkOwnPassword(ctx, sess, current)
	switch {
	case errors.Is(err, errWrongPassword):
		return problem.List("current_password", code.EnterCurrentPassword), nil
	case errors.Is(err, ratelimit.ErrLimited):
		return problem.List("current_password", code.TooManyLoginAttempts), nil
	}
	*proved = authHash
	return nil, err
}

// replacePassword stores a hash in place of the one with that fingerprint, ends
// all sessions but one, and voids what could still undo it. It runs in a
// transaction. authn.ErrConflict if the password changed meanwhile.
func (s *Flows) replacePassword(ctx context.Context, userID, oldAuthHash, hash, exceptSession string) error {
	old, err := s.passwordHash(ctx, userID)
	if err != nil {
		return err
	}
	if authHash(old) != oldAuthHash {
		return authn.ErrConflict
	}
	if err := s.store.SwapPasswordHash(ctx, userID, old, hash); err != nil {
		return fmt.Errorf("store password: %w", err)
	}
	// The session that goes on keeps up with the password in the same step. The
	// others end after that, so that none of them keeps up as well.
	if err := s.sessions.Rekey(ctx, userID, oldAuthHash, authHash(hash)); err != nil {
		return err
	}
	if err := s.sessions.EndAll(ctx, userID, exceptSession); err != nil {
		return err
	}
	return s.voidResetKeys(ctx, userID)
}

func (s *Service) afterChange(ctx context.Context, sess *login.Session, had bool) error {
	kind := "account/password_changed"
	if had {
		work.Emit(ctx, account.PasswordChanged{UserID: sess.UserID()})
	} else {
		kind = "account/password_set"
		work.Emit(ctx, account.PasswordSet{UserID: sess.UserID()})
	}
	if err := s.Notify(ctx, sess, kind, sess.Identity, map[string]any{}); err != nil {
		return err
	}
	if s.cfg.LogoutOnPasswordChange {
		s.Logout(ctx, sess)
		return nil
	}
	if err := s.refresh(ctx, sess); err != nil {
		return err
	}
	sess.Rotate()
	return nil
}

// SetPassword gives a user a new password, whoever asks: for administrators and
// imports. All the user's sessions end. password.ErrTooLong if it is longer
// than 1024 bytes; the other rules do not apply.
func (s *Flows) SetPassword(ctx context.Context, userID, newPassword string) error {
	hash, err := s.hasher.Hash(ctx, newPassword)
	if err != nil {
		return err
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.deps.Tx.LockUser(ctx, userID); err != nil {
			return fmt.Errorf("lock user: %w", err)
		}
		old, err := s.passwordHash(ctx, userID)
		if err != nil {
			return err
		}
		return s.replacePassword(ctx, userID, authHash(old), hash, "")
	})
}

// attributes are what a password must not resemble.
func (s *Service) attributes(id *login.Identity) []string {
	return []string{id.User.Username, id.User.Display, id.Email}
}

// removePassword leaves the account without one. What stands in its place is new
// each time: sessions and logins that began before end in any case.
func (s *Service) removePassword(ctx context.Context, userID string) error {
	old, err := s.passwordHash(ctx, userID)
	if err != nil {
		return err
	}
	mark, err := keyring.RandomID(s.deps.Rand)
	if err != nil {
		return err
	}
	if err := s.store.SwapPasswordHash(ctx, userID, old, password.Unusable+mark); err != nil {
		return fmt.Errorf("remove password: %w", err)
	}
	return nil
}

// passwordProblems are the problems of a new password under the name of its field.
func passwordProblems(param string, list []password.Problem) authn.Errors {
	var errs authn.Errors
	for _, p := range list {
		errs = append(errs, &authn.Error{Code: p.Code, Param: param, Message: p.Message})
	}
	return errs
}
