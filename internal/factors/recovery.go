package factors

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// ensureRecoveryCodes generates recovery codes for the user if they have none and the
// configuration supports them, and reports whether it did. It runs in a transaction.
func (s *Service) ensureRecoveryCodes(ctx context.Context, userID string) (bool, error) {
	if !Supports(s.cfg, mfa.RecoveryCodes) {
		return false, nil
	}
	rows, err := s.rows(ctx, userID)
	if err != nil || find(rows, mfa.RecoveryCodes) != nil {
		return false, err
	}
	row, _, err := s.createSet(ctx, userID, false)
	if errors.Is(err, authn.ErrConflict) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	work.Emit(ctx, row.UserID, mfa.AuthenticatorAdded{ID: row.ID, Type: row.Type})
	return true, nil
}

// ViewRecoveryCodes returns the codes of the logged-in user. Returns authn.ErrNotFound
// if the user has none.
func (s *Flows) ViewRecoveryCodes(ctx context.Context, sess *login.Session) (*Codes, error) {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if find(rows, mfa.RecoveryCodes) == nil {
		return nil, authn.ErrNotFound
	}
	var codes *Codes
	err = s.changeRecent(ctx, sess, func(ctx context.Context) error {
		codes, err = s.viewCodes(ctx, sess.UserID())
		return err
	})
	return codes, err
}

// viewCodes returns the codes of a user and stores that they were viewed. It runs in a
// transaction, so that only one of several concurrent requests is the first.
func (s *Service) viewCodes(ctx context.Context, userID string) (*Codes, error) {
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return nil, err
	}
	row := find(rows, mfa.RecoveryCodes)
	if row == nil {
		return nil, authn.ErrNotFound
	}
	var set recoverySet
	if err := s.open(row, &set); err != nil {
		return nil, err
	}
	codes := viewOf(*row, &set)
	if set.Viewed {
		if s.cfg.RecoveryCodesShowOnce {
			codes.Codes = nil
		}
		return codes, nil
	}
	set.Viewed = true
	if err := s.seal(row, &set); err != nil {
		return nil, err
	}
	if err := s.store.UpdateAuthenticator(ctx, *row); err != nil {
		return nil, fmt.Errorf("update recovery codes: %w", err)
	}
	return codes, nil
}

// ResetRecoveryCodes replaces the codes of the logged-in user by new ones. Returns
// authn.Errors if the user has no second factor, work.ErrNotPending if another request
// replaced the codes at the same time.
func (s *Flows) ResetRecoveryCodes(ctx context.Context, sess *login.Session) (*Codes, error) {
	hasFactor, err := s.HasAuthenticators(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if !hasFactor {
		return nil, problem.List("", code.CannotGenerateRecoveryCodes)
	}
	var codes *Codes
	err = s.changeRecent(ctx, sess, func(ctx context.Context) error {
		codes, err = s.replaceSet(ctx, sess)
		return err
	})
	if errors.Is(err, authn.ErrConflict) || errors.Is(err, authn.ErrNotFound) {
		return nil, work.ErrNotPending // another request did the same
	}
	return codes, err
}

func (s *Service) replaceSet(ctx context.Context, sess *login.Session) (*Codes, error) {
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.active(rows), isSecondFactor) {
		return nil, problem.List("", code.CannotGenerateRecoveryCodes)
	}
	if old := find(rows, mfa.RecoveryCodes); old != nil {
		if err := s.store.DeleteAuthenticator(ctx, old.UserID, old.ID); err != nil {
			return nil, fmt.Errorf("delete recovery codes: %w", err)
		}
	}
	row, set, err := s.createSet(ctx, sess.UserID(), true)
	if err != nil {
		return nil, err
	}
	work.Emit(ctx, row.UserID, mfa.AuthenticatorReset{ID: row.ID, Type: row.Type})
	return viewOf(*row, set), s.notify(ctx, sess, "mfa/recovery_codes_generated", "")
}
