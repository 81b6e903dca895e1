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

// TOTP returns the authenticator app of the logged-in user, or
// authn.ErrNotFound.
func (s *Service) TOTP(ctx context.Context, sess *login.Session) (*mfa.Authenticator, error) {
	if !sess.Authenticated() {
		return nil, work.ErrUnauthenticated
	}
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if a := find(rows, mfa.TOTP); a != nil {
		return a, nil
	}
	return nil, authn.ErrNotFound
}

// ActivateTOTP adds the app that was set up in this session, once the user
// shows a code of it. The code is used up. authn.Errors for a wrong one,
// work.ErrNotPending if the user has an app already.
func (s *Flows) ActivateTOTP(ctx context.Context, sess *login.Session, code string) (*mfa.Authenticator, error) {
	if !sess.Authenticated() {
		return nil, work.ErrUnauthenticated
	}
	if err := s.checkMayActivate(ctx, sess); err != nil {
		return nil, err
	}
	code = typedcode.Normalize(code)
	if !s.newApp("").fits(code) {
		return nil, incorrectCode()
	}
	attempt, err := s.take(ctx, sess, sess.UserID(), "code")
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
	if _, ok := app.use(code, s.deps.Now(), s.cfg.TOTPTolerance, 0); !ok {
		return nil, incorrectCode()
	}
	work.Afterwards(ctx, attempt.Refund)
	if err := s.requireRecent(ctx, sess); err != nil {
		return nil, err
	}
	row := &mfa.Authenticator{UserID: sess.UserID(), Type: mfa.TOTP, Claim: claimOf(mfa.TOTP, sess.UserID())}
	err = s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		// Once more: another request may have added an address meanwhile.
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
		_, err := s.announceAdded(ctx, sess, row, "mfa/totp_activated")
		return err
	})
	if errors.Is(err, authn.ErrConflict) {
		return nil, work.ErrNotPending
	}
	if err != nil {
		return nil, err
	}
	return row, nil
}

// checkMayActivate refuses an app for an account that holds an unverified address.
func (s *Service) checkMayActivate(ctx context.Context, sess *login.Session) error {
	blocked, err := s.blocked(ctx, sess.UserID())
	if err == nil && blocked {
		return problem.List("code", code.UnverifiedEmail)
	}
	return err
}

// DeactivateTOTP removes the app of the logged-in user. Having none is not an
// error.
func (s *Flows) DeactivateTOTP(ctx context.Context, sess *login.Session) error {
	_, err := s.TOTP(ctx, sess)
	if errors.Is(err, authn.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.requireRecent(ctx, sess); err != nil {
		return err
	}
	return s.pipeline.Change(ctx, sess, sess.UserID(), func(ctx context.Context) error {
		return s.remove(ctx, sess, ofType(mfa.TOTP), func(mfa.Authenticator) error {
			return s.notify(ctx, sess, "mfa/totp_deactivated", "")
		})
	})
}

// matchTOTP uses up a normalized code that the app shows. errWrongCode if it
// shows another one, errMisshapen if its codes look different.
func (s *Service) matchTOTP(a *mfa.Authenticator, code string) error {
	var app totpApp
	if err := s.open(a, &app); err != nil {
		return err
	}
	if !app.fits(code) {
		return errMisshapen
	}
	used, ok := app.use(code, s.deps.Now(), s.cfg.TOTPTolerance, a.Counter)
	if !ok {
		return errWrongCode
	}
	a.Counter = used
	return s.seal(a, &app) // under the current key
}
