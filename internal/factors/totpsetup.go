package factors

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

const (
	// purposeSetup names the challenge that holds the secret of an app which is
	// being set up, slotSetup the place of its id in the session.
	purposeSetup = "mfa.totp_setup"
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

// SetUpTOTP draws a secret for an app, in place of one that was drawn earlier in
// this session. ErrUnverifiedEmail if the user has to verify an address first.
func (s *Service) SetUpTOTP(ctx context.Context, sess *login.Session) (*Setup, error) {
	if !sess.Authenticated() {
		return nil, work.ErrUnauthenticated
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
func (s *Service) keepSetup(ctx context.Context, sess *login.Session, app *totpApp) error {
	row := mfa.Authenticator{UserID: sess.UserID(), Type: mfa.TOTP}
	if err := s.seal(&row, app); err != nil {
		return err
	}
	if err := s.dropChallenge(ctx, sess, &sess.State.TOTPSetup); err != nil {
		return err
	}
	c, err := s.codes.Issue(ctx, authn.Challenge{Purpose: purposeSetup, UserID: row.UserID, Data: row.Data}, "", setupTimeout)
	if err != nil {
		return err
	}
	login.Put(sess, &sess.State.TOTPSetup, c.ID)
	return nil
}

// dropChallenge voids the challenge whose id the session keeps in the slot.
func (s *Service) dropChallenge(ctx context.Context, sess *login.Session, slot *string) error {
	if *slot == "" {
		return nil
	}
	if err := s.codes.Store.DeleteChallenge(ctx, *slot); err != nil {
		return fmt.Errorf("void challenge: %w", err)
	}
	login.Drop(sess, slot)
	return nil
}

// pendingSetup returns the app that is being set up in this session.
// work.ErrNotPending if none is, or it took too long.
func (s *Service) pendingSetup(ctx context.Context, sess *login.Session) (*authn.Challenge, *totpApp, error) {
	c, err := s.codes.Find(ctx, purposeSetup, sess.State.TOTPSetup)
	if err != nil {
		return nil, nil, err
	}
	if c.UserID != sess.UserID() {
		return nil, nil, work.ErrNotPending
	}
	row := mfa.Authenticator{UserID: c.UserID, Type: mfa.TOTP, Data: c.Data}
	var app totpApp
	return c, &app, s.open(&row, &app)
}
