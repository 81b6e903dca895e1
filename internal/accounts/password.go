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

// ChangePassword replaces the password of the logged-in user, or sets their first one,
// and ends all their other sessions. Returns
//   - authn.Errors for wrong input,
//   - work.ErrReauthenticate for a first password if the user has not authenticated
//     recently.
func (s *Flows) ChangePassword(ctx context.Context, sess *login.Session, current, replacement string) error {
	hadPassword, fingerprint := sess.Identity.HasUsablePassword, sess.Identity.AuthHash
	errs, err := s.checkCurrent(ctx, sess, current, &fingerprint)
	if err != nil {
		return err
	}
	unchecked := false
	if replacement == "" {
		errs = append(errs, problem.Of("new_password", code.Required))
	} else {
		policy, err := s.policyFor(ctx, sess.UserID())
		if err != nil {
			return err
		}
		var found authn.Errors
		if found, unchecked, err = s.checkNewPassword(ctx, policy, "new_password", replacement, sess.Identity.User, s.attributes(sess.Identity)...); err != nil {
			return err
		}
		errs = append(errs, found...)
	}
	if len(errs) > 0 {
		return errs
	}
	if !hadPassword {
		// No current password was asked for, so a stolen session could set one.
		if err := s.pipeline.RequireRecent(ctx, sess); err != nil {
			return err
		}
	}
	hash, err := s.hasher.Hash(ctx, replacement)
	if err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		err := s.replacePassword(ctx, sess.UserID(), fingerprint, newHash{hash, unchecked}, sess.RowID)
		if errors.Is(err, authn.ErrConflict) {
			return problem.List("current_password", code.EnterCurrentPassword)
		}
		if err != nil {
			return err
		}
		return s.finishPasswordChange(ctx, sess, hadPassword)
	})
}

// policyFor returns the rules for a new password of the user.
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

// checkCurrent verifies the current password, if the user has one, and sets fingerprint
// to that of the hash that it matched. It returns the problems of the password.
func (s *Flows) checkCurrent(ctx context.Context, sess *login.Session, current string, fingerprint *string) (authn.Errors, error) {
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
	*fingerprint = authHash
	return nil, err
}

// newHash is the hash of a new password. unchecked is true if the password could not be
// looked up in the list of breached ones.
type newHash struct {
	hash      string
	unchecked bool
}

// replacePassword replaces the hash with that fingerprint, ends all sessions but one, and
// deletes the keys with which the password could be reset. It runs in a transaction.
// Returns authn.ErrConflict if another request changed the password meanwhile.
func (s *Flows) replacePassword(ctx context.Context, userID, oldAuthHash string, replacement newHash, exceptSession string) error {
	old, err := s.passwordHash(ctx, userID)
	if err != nil {
		return err
	}
	if authHash(old) != oldAuthHash {
		return authn.ErrConflict
	}
	if err := s.store.SwapPasswordHash(ctx, userID, old, replacement.hash); err != nil {
		return fmt.Errorf("store password: %w", err)
	}
	if err := s.markUnchecked(ctx, userID, replacement.unchecked); err != nil {
		return err
	}
	if replacement.unchecked {
		work.Emit(ctx, userID, password.LookupFailed{})
	}
	// Rekey gives all sessions the new fingerprint; those that end are deleted after it,
	// so that none of them is left with the new fingerprint.
	if err := s.sessions.Rekey(ctx, userID, oldAuthHash, authHash(replacement.hash)); err != nil {
		return err
	}
	if err := s.sessions.EndAll(ctx, userID, exceptSession); err != nil {
		return err
	}
	if awaitsInvitation(old) {
		if err := s.deleteInvitations(ctx, userID); err != nil {
			return err
		}
	}
	return s.deleteResetKeys(ctx, userID)
}

// finishPasswordChange publishes the event and mails the user about a new password. The
// session ends, or goes on under a new token.
func (s *Service) finishPasswordChange(ctx context.Context, sess *login.Session, hadPassword bool) error {
	kind := "account/password_changed"
	if hadPassword {
		work.Emit(ctx, sess.UserID(), account.PasswordChanged{})
	} else {
		kind = "account/password_set"
		work.Emit(ctx, sess.UserID(), account.PasswordSet{})
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

// SetPassword replaces a user's password, ends all their sessions, and mails the owner. It
// is for administrators and imports: it authenticates no one, and does not apply the
// rules for passwords. Returns password.ErrTooLong if the password is longer than 1024
// bytes, authn.ErrNotFound if there is no such user.
func (s *Flows) SetPassword(ctx context.Context, userID, newPassword string) error {
	hash, err := s.hasher.Hash(ctx, newPassword)
	if err != nil {
		return err
	}
	return s.Administer(ctx, userID, func(ctx context.Context, _ *authn.User) error {
		old, err := s.passwordHash(ctx, userID)
		if err != nil {
			return err
		}
		if err := s.replacePassword(ctx, userID, authHash(old), newHash{hash: hash}, ""); err != nil {
			return err
		}
		if !password.Usable(old) {
			work.Emit(ctx, userID, account.PasswordSet{})
			return nil // the first password of an account that the host sets up
		}
		work.Emit(ctx, userID, account.PasswordChanged{})
		owner, err := s.Identify(ctx, userID)
		if err != nil {
			return err
		}
		return s.Notify(ctx, byHost(), "account/password_changed", owner, map[string]any{})
	})
}

// attributes returns the texts to which a password must not be similar.
func (s *Service) attributes(id *login.Identity) []string {
	return []string{id.User.Username, id.User.Display, id.Email}
}

// removePassword replaces the password by an unusable hash. The hash is random, so that
// its fingerprint is new, and earlier sessions and pending logins end.
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
