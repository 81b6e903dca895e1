package factors

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/mfa"
)

// PublicConfig is the member mfa of GET config.
type PublicConfig struct {
	SupportedTypes      []mfa.Type `json:"supported_types"`
	PasskeyLoginEnabled bool       `json:"passkey_login_enabled"`
	// PasskeyUpgradeEnabled is left out if it is false, as django-allauth does not have it.
	PasskeyUpgradeEnabled bool `json:"passkey_upgrade_enabled,omitempty"`
}

// EnterAuthenticate implements the stage mfa_authenticate, which waits for a second
// factor.
func (s *Service) EnterAuthenticate(ctx context.Context, sess *login.Session, l *login.Attempt) (login.Verdict, error) {
	if l.UserID == "" {
		return login.Pass, nil
	}
	rows, err := s.activeRows(ctx, l.UserID)
	if err != nil {
		return login.Abort, err
	}
	// l.Passkey belongs to this attempt: a passkey used for an earlier login in the
	// same session does not count.
	if !slices.ContainsFunc(rows, isSecondFactor) || l.Passkey {
		return login.Pass, nil
	}
	if s.trustsForFactor(ctx, sess, l.UserID) {
		return login.Pass, nil
	}
	return login.Wait, nil
}

// TypesOf implements login.Factors.
func (s *Service) TypesOf(ctx context.Context, userID string) ([]string, error) {
	rows, err := s.activeRows(ctx, userID)
	return typesOf(rows), err
}

// Offers implements login.Ways.
func (s *Service) Offers(context.Context, *login.Session) ([]login.Offer, error) {
	if !s.cfg.PasskeyLoginEnabled {
		return nil, nil
	}
	return []login.Offer{{ID: login.FlowMFALoginWebAuthn}}, nil
}

// ReauthenticationOffers implements login.Ways.
func (s *Service) ReauthenticationOffers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	rows, err := s.activeRows(ctx, sess.UserID())
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return []login.Offer{{ID: login.FlowMFAReauthenticate, Types: typesOf(rows)}}, nil
}

// CanLogIn implements login.Ways. It reports whether the user has a passkey, other than
// that of an upgrade before its first login.
func (s *Service) CanLogIn(ctx context.Context, userID, _ string) (bool, error) {
	if !s.cfg.PasskeyLoginEnabled {
		return false, nil
	}
	rows, err := s.activeRows(ctx, userID)
	if err != nil {
		return false, err
	}
	for _, a := range rows {
		if a.Type != mfa.WebAuthn {
			continue
		}
		key, err := s.key(&a)
		if err != nil {
			return false, err
		}
		if isPasskey(&key.Credential) {
			return true, nil
		}
	}
	return false, nil
}

// Evict implements login.Ways.
//
// Without Config.AllowUnverifiedEmail, an account with an unverified address cannot
// have authenticators of the owner of the address, so all are deleted. With it, a
// second factor may be the owner's, and access to the mailbox must not replace it:
// authenticators stay, but passkeys become second factors only.
func (s *Service) Evict(ctx context.Context, userID string) error {
	for _, purpose := range []string{purposeSetup, string(ceremonyAdd), string(ceremonySignup)} {
		if err := s.codes.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return fmt.Errorf("delete challenges: %w", err)
		}
	}
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		if !s.cfg.AllowUnverifiedEmail || s.isSilent(a) {
			err = s.store.DeleteAuthenticator(ctx, userID, a.ID)
		} else if a.Type == mfa.WebAuthn {
			err = s.demote(ctx, &a)
		}
		if err != nil && !errors.Is(err, authn.ErrNotFound) {
			return err
		}
	}
	return nil
}

// PublicConfig returns the member mfa of GET config.
func (s *Service) PublicConfig() PublicConfig {
	return PublicConfig{s.cfg.SupportedTypes, s.cfg.PasskeyLoginEnabled, s.cfg.PasskeyUpgradeEnabled}
}
