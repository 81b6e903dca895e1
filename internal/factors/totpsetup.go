package factors

import (
	"context"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/mfa"
)

const (
	// purposeSetup is the purpose of the challenge that holds the secret of an app
	// during its setup.
	purposeSetup = "mfa.totp_setup"
	// setupTimeout is how long the setup of an app may take.
	setupTimeout = 10 * time.Minute
	// secretSize is the size of an app's secret, in bytes (RFC 4226 §4).
	secretSize = 20
)

// Setup is what the user enters in their authenticator app.
type Setup struct {
	// Secret is in base32.
	Secret string
	// URL is an otpauth:// URL with the secret, for a QR code.
	URL string
}

// SetUpTOTP generates a secret for an app, which replaces an earlier one in this
// session. Returns ErrUnverifiedEmail if the user has to verify an email address first.
func (s *Service) SetUpTOTP(ctx context.Context, sess *login.Session) (*Setup, error) {
	blocked, err := s.mustVerifyEmail(ctx, sess)
	if err != nil {
		return nil, err
	}
	if blocked {
		return nil, ErrUnverifiedEmail
	}
	id, err := s.enroller(ctx, sess)
	if err != nil {
		return nil, err
	}
	raw, err := keyring.RandomBytes(s.deps.Rand, secretSize)
	if err != nil {
		return nil, err
	}
	app := s.newApp(base32.StdEncoding.EncodeToString(raw))
	if err := s.storeSetup(ctx, sess, app); err != nil {
		return nil, err
	}
	return &Setup{Secret: app.Secret, URL: s.totpURL(id, app)}, nil
}

// storeSetup stores the secret of an app during its setup, encrypted like the
// authenticator that it becomes.
func (s *Service) storeSetup(ctx context.Context, sess *login.Session, app *totpApp) error {
	row := mfa.Authenticator{UserID: enrollerID(sess), Type: mfa.TOTP}
	if err := s.seal(&row, app); err != nil {
		return err
	}
	return s.deps.InTx(ctx, func(ctx context.Context) error {
		if err := s.deleteChallenge(ctx, sess, &sess.State.TOTPSetup); err != nil {
			return err
		}
		c, err := s.codes.Issue(ctx, authn.Challenge{Purpose: purposeSetup, UserID: row.UserID, Data: row.Data}, "", setupTimeout)
		if err != nil {
			return err
		}
		login.Put(sess, &sess.State.TOTPSetup, c.ID)
		return nil
	})
}

// deleteChallenge deletes the challenge whose id the session holds in the slot, and
// empties the slot.
func (s *Service) deleteChallenge(ctx context.Context, sess *login.Session, slot *string) error {
	if *slot == "" {
		return nil
	}
	if err := s.codes.Store.DeleteChallenge(ctx, *slot); err != nil {
		return fmt.Errorf("delete challenge: %w", err)
	}
	login.Drop(sess, slot)
	return nil
}

// pendingSetup returns the app that is being set up in this session. Returns
// work.ErrNotPending if there is none, or if the setup has expired.
func (s *Service) pendingSetup(ctx context.Context, sess *login.Session) (*authn.Challenge, *totpApp, error) {
	c, err := s.codes.Find(ctx, purposeSetup, sess.State.TOTPSetup)
	if err != nil {
		return nil, nil, err
	}
	if c.UserID != enrollerID(sess) {
		return nil, nil, work.ErrNotPending
	}
	row := mfa.Authenticator{UserID: c.UserID, Type: mfa.TOTP, Data: c.Data}
	var app totpApp
	return c, &app, s.open(&row, &app)
}
