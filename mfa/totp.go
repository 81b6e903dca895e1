package mfa

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
)

const (
	// purposeSetup names the challenge that holds the secret of an app which is
	// being set up, slotSetup the place of its id in the session.
	purposeSetup = "mfa.totp_setup"
	slotSetup    = purposeSetup
	// setupTimeout is how long somebody may take to set up their app.
	setupTimeout = 10 * time.Minute
	// secretSize is that of the secret of an app, in bytes (RFC 4226 §4).
	secretSize = 20
)

// Setup is what an authenticator app needs to know.
type Setup struct {
	// Secret is in base32.
	Secret string
	// URL is the same as an otpauth:// address, for a QR code.
	URL string
}

// TOTP returns the authenticator app of whoever is logged in, or
// authn.ErrNotFound.
func (s *Service) TOTP(ctx context.Context, sess *flow.Session) (*Authenticator, error) {
	if !sess.Authenticated() {
		return nil, flow.ErrUnauthenticated
	}
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if a := find(rows, TOTP); a != nil {
		return a, nil
	}
	return nil, authn.ErrNotFound
}

// SetUpTOTP draws a secret for an app, in place of one that was drawn earlier in
// this session. ErrUnverifiedEmail if the user has to verify an address first.
func (s *Service) SetUpTOTP(ctx context.Context, sess *flow.Session) (*Setup, error) {
	if !sess.Authenticated() {
		return nil, flow.ErrUnauthenticated
	}
	blocked, err := s.blocked(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if blocked {
		return nil, ErrUnverifiedEmail
	}
	raw := make([]byte, secretSize)
	if _, err := io.ReadFull(s.deps.Rand, raw); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	app := s.newApp(base32.StdEncoding.EncodeToString(raw))
	if err := s.keepSetup(ctx, sess, app); err != nil {
		return nil, err
	}
	return &Setup{Secret: app.Secret, URL: s.totpURL(sess.Identity, app)}, nil
}

// keepSetup stores an app that is being set up, encrypted as the app will be.
func (s *Service) keepSetup(ctx context.Context, sess *flow.Session, app *totpApp) error {
	row := Authenticator{UserID: sess.UserID(), Type: TOTP}
	if err := s.seal(&row, app); err != nil {
		return err
	}
	if err := s.dropChallenge(ctx, sess, slotSetup); err != nil {
		return err
	}
	c, err := s.deps.Challenges.Issue(ctx, authn.Challenge{Purpose: purposeSetup, UserID: row.UserID, Data: row.Data}, "", setupTimeout)
	if err != nil {
		return err
	}
	return sess.SetSlot(slotSetup, c.ID)
}

// dropChallenge voids the challenge whose id the session keeps in the slot.
func (s *Service) dropChallenge(ctx context.Context, sess *flow.Session, slot string) error {
	var id string
	if !sess.Slot(slot, &id) {
		return nil
	}
	if err := s.deps.Challenges.Store.DeleteChallenge(ctx, id); err != nil {
		return fmt.Errorf("void challenge: %w", err)
	}
	sess.DropSlot(slot)
	return nil
}

// pendingSetup returns the app that is being set up in this session.
// flow.ErrNotPending if none is, or it took too long.
func (s *Service) pendingSetup(ctx context.Context, sess *flow.Session) (*authn.Challenge, *totpApp, error) {
	var id string
	sess.Slot(slotSetup, &id)
	c, err := s.deps.Challenges.Find(ctx, purposeSetup, id)
	if err != nil {
		return nil, nil, err
	}
	if c.UserID != sess.UserID() {
		return nil, nil, flow.ErrNotPending
	}
	row := Authenticator{UserID: c.UserID, Type: TOTP, Data: c.Data}
	var app totpApp
	return c, &app, s.open(&row, &app)
}

// ActivateTOTP adds the app that was set up in this session, once the user
// shows a code of it. The code is used up. authn.Errors for a wrong one,
// flow.ErrNotPending if the user has an app already.
func (s *Service) ActivateTOTP(ctx context.Context, sess *flow.Session, code string) (*Authenticator, error) {
	if !sess.Authenticated() {
		return nil, flow.ErrUnauthenticated
	}
	blocked, err := s.blocked(ctx, sess.UserID())
	if err != nil {
		return nil, err
	}
	if blocked {
		return nil, problems("code", "unverified_email")
	}
	attempt, err := s.take(ctx, sess, sess.UserID(), "code")
	if err != nil {
		return nil, err
	}
	c, app, err := s.pendingSetup(ctx, sess)
	if errors.Is(err, flow.ErrNotPending) {
		return nil, problems("code", "incorrect_code")
	}
	if err != nil {
		return nil, err
	}
	step, ok := app.match(code, s.deps.Now(), s.cfg.TOTPTolerance, 0)
	if !ok {
		return nil, problems("code", "incorrect_code")
	}
	if err := attempt.Refund(ctx); err != nil {
		return nil, err
	}
	if err := s.requireRecent(ctx, sess); err != nil {
		return nil, err
	}
	row := &Authenticator{UserID: sess.UserID(), Type: TOTP, Claim: claimOf(TOTP, sess.UserID()), Counter: step}
	err = s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		if err := s.deps.Challenges.Consume(ctx, c); err != nil {
			return err
		}
		sess.DropSlot(slotSetup)
		if err := s.create(ctx, row, app); err != nil {
			return err
		}
		_, err := s.announceAdded(ctx, sess, row, "mfa/totp_activated")
		return err
	})
	if errors.Is(err, authn.ErrConflict) {
		return nil, flow.ErrNotPending
	}
	if err != nil {
		return nil, err
	}
	return row, nil
}

// claimOf is the Claim of what a user can have one of.
func claimOf(t Type, userID string) string { return string(t) + ":" + userID }

// announceAdded tells of a new authenticator, and adds recovery codes unless
// the user has some. It reports whether it did.
func (s *Service) announceAdded(ctx context.Context, sess *flow.Session, a *Authenticator, mail string) (bool, error) {
	sess.Emit(AuthenticatorAdded{UserID: a.UserID, ID: a.ID, Type: a.Type})
	if err := s.notify(ctx, sess, mail, a.Name); err != nil {
		return false, err
	}
	return s.ensureRecoveryCodes(ctx, sess)
}

// notify mails the owner that their authenticators changed.
func (s *Service) notify(ctx context.Context, sess *flow.Session, kind, name string) error {
	return s.accounts.Notify(ctx, sess, kind, sess.Identity.Email, map[string]any{"AuthenticatorName": name})
}

// DeactivateTOTP removes the app of whoever is logged in. Having none is not an
// error.
func (s *Service) DeactivateTOTP(ctx context.Context, sess *flow.Session) error {
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
	err = s.deps.InTx(ctx, sess, func(ctx context.Context) error {
		rows, err := s.rows(ctx, sess.UserID())
		if err != nil {
			return err
		}
		return s.remove(ctx, sess, rows, ofType(TOTP), func(Authenticator) error {
			return s.notify(ctx, sess, "mfa/totp_deactivated", "")
		})
	})
	if errors.Is(err, authn.ErrNotFound) {
		return nil // another request was faster
	}
	return err
}

// matchTOTP reports whether the app shows the code, and notes its time step:
// neither it nor an earlier one is accepted again.
func (s *Service) matchTOTP(a *Authenticator, code string) (bool, error) {
	var app totpApp
	if err := s.open(a, &app); err != nil {
		return false, err
	}
	step, ok := app.match(code, s.deps.Now(), s.cfg.TOTPTolerance, a.Counter)
	if !ok {
		return false, nil
	}
	a.Counter = step
	return true, s.seal(a, &app) // under the current key
}

// totpApp is an authenticator app as it is kept. Its digits and period stay
// what they were when the app learned of them.
type totpApp struct {
	Secret string `json:"secret"`
	Digits int    `json:"digits"`
	Period int64  `json:"period"` // in seconds
}

func (s *Service) newApp(secret string) *totpApp {
	return &totpApp{Secret: secret, Digits: s.cfg.TOTPDigits, Period: int64(s.cfg.TOTPPeriod / time.Second)}
}
