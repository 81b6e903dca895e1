package factors

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/typedcode"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

// TOTP returns the authenticator app of the logged-in user, or of the one who enrolls, or
// authn.ErrNotFound.
func (s *Service) TOTP(ctx context.Context, sess *login.Session) (*mfa.Authenticator, error) {
	rows, err := s.rows(ctx, enrollerID(sess))
	if err != nil {
		return nil, err
	}
	if a := find(rows, mfa.TOTP); a != nil {
		return a, nil
	}
	return nil, authn.ErrNotFound
}

// ActivateTOTP adds the app that was set up in this session. The user shows with a code
// that the app works; the code is used up. A login that waits for it is resumed. Returns
// authn.Errors for a wrong code, work.ErrNotPending if the user already has an app.
func (s *Flows) ActivateTOTP(ctx context.Context, sess *login.Session, code string) (*mfa.Authenticator, error) {
	if err := s.checkMayActivate(ctx, sess); err != nil {
		return nil, err
	}
	code = typedcode.Normalize(code)
	if !s.newApp("").hasFormat(code) {
		return nil, incorrectCode()
	}
	userID := enrollerID(sess)
	attempt, err := s.countAttempt(ctx, sess, userID, "code")
	if err != nil {
		return nil, err
	}
	c, app, err := s.pendingSetup(ctx, sess)
	if errors.Is(err, work.ErrNotPending) {
		return nil, incorrectCode()
	}
	if err != nil {
		return nil, err
	}
	if _, ok := app.accept(code, s.deps.Now(), s.cfg.TOTPTolerance, 0); !ok {
		return nil, incorrectCode()
	}
	work.Afterwards(ctx, attempt.Refund)
	row := &mfa.Authenticator{UserID: userID, Type: mfa.TOTP, Claim: userClaim(mfa.TOTP, userID)}
	err = s.enroll(ctx, sess, func(ctx context.Context) error {
		// Check again: another request may have added an address meanwhile.
		if err := s.checkMayActivate(ctx, sess); err != nil {
			return err
		}
		if err := s.codes.Consume(ctx, c); err != nil {
			return err
		}
		login.Drop(sess, &sess.State.TOTPSetup)
		if err := s.create(ctx, row, app); err != nil {
			return err
		}
		if _, err := s.announceAdded(ctx, sess, row, "mfa/totp_activated"); err != nil {
			return err
		}
		return s.passEnroll(ctx, sess, row)
	})
	if errors.Is(err, authn.ErrConflict) {
		return nil, work.ErrNotPending
	}
	if err != nil {
		return nil, err
	}
	return row, nil
}

// checkMayActivate returns authn.Errors if the user has to verify an email address
// before they can add an app.
func (s *Service) checkMayActivate(ctx context.Context, sess *login.Session) error {
	blocked, err := s.mustVerifyEmail(ctx, sess)
	if err == nil && blocked {
		return problem.List("code", code.UnverifiedEmail)
	}
	return err
}

// DeactivateTOTP removes the app of the logged-in user. Returns nil if there is none.
func (s *Flows) DeactivateTOTP(ctx context.Context, sess *login.Session) error {
	_, err := s.TOTP(ctx, sess)
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.changeRecent(ctx, sess, func(ctx context.Context) error {
		return s.remove(ctx, sess, ofType(mfa.TOTP), func(mfa.Authenticator) error {
			return s.notify(ctx, sess, "mfa/totp_deactivated", "")
		})
	})
}

// matchTOTP uses up a normalized code of the app. Returns errWrongCode if the app shows
// another code, errWrongFormat if its codes have another format.
func (s *Service) matchTOTP(a *mfa.Authenticator, code string) error {
	var app totpApp
	if err := s.open(a, &app); err != nil {
		return err
	}
	if !app.hasFormat(code) {
		return errWrongFormat
	}
	used, ok := app.accept(code, s.deps.Now(), s.cfg.TOTPTolerance, a.Counter)
	if !ok {
		return errWrongCode
	}
	a.Counter = used
	return s.seal(a, &app) // with the current key
}
