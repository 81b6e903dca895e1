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

// PublicConfig is the part of GET config about second factors.
type PublicConfig struct {
	SupportedTypes      []mfa.Type `json:"supported_types"`
	PasskeyLoginEnabled bool       `json:"passkey_login_enabled"`
}

// EnterAuthenticate is the stage that waits for a second factor.
func (s *Service) EnterAuthenticate(ctx context.Context, sess *login.Session, l *login.Attempt) (login.Verdict, error) {
	if l.UserID == "" {
		return login.Pass, nil
	}
	rows, err := s.rows(ctx, l.UserID)
	if err != nil {
		return login.Abort, err
	}
	// The note belongs to this login. A passkey that was shown for another one,
	// in the same session, proves nothing here.
	if !slices.ContainsFunc(rows, isMain) || l.Passkey {
		return login.Pass, nil
	}
	if s.trustsForFactor(ctx, sess, l.UserID) {
		return login.Pass, nil
	}
	return login.Wait, nil
}

// TypesOf implements login.Factors.
func (s *Service) TypesOf(ctx context.Context, userID string) ([]string, error) {
	rows, err := s.rows(ctx, userID)
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
	rows, err := s.rows(ctx, sess.UserID())
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return []login.Offer{{ID: login.FlowMFAReauthenticate, Types: typesOf(rows)}}, nil
}

// CanLogIn implements login.Ways: by a passkey.
func (s *Service) CanLogIn(ctx context.Context, userID, _ string) (bool, error) {
	if !s.cfg.PasskeyLoginEnabled {
		return false, nil
	}
	rows, err := s.rows(ctx, userID)
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
		if isPasskey(key) {
			return true, nil
		}
	}
	return false, nil
}

// Evict implements login.Ways. Where accounts with an unverified address cannot
// have authenticators, the owner of the address did not make those that there
// are: all go. Where they can, a second factor may well be the owner's, and a
// mailbox alone must not get past it: it stays, but no passkey opens the account
// by itself any more.
func (s *Service) Evict(ctx context.Context, userID string) error {
	for _, purpose := range []string{purposeSetup, string(ceremonyAdd), string(ceremonySignup)} {
		if err := s.codes.Store.DeleteUserChallenges(ctx, purpose, userID); err != nil {
			return fmt.Errorf("void challenges: %w", err)
		}
	}
	rows, err := s.rows(ctx, userID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		if !s.cfg.AllowUnverifiedEmail {
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

// PublicConfig returns what GET config tells of second factors.
func (s *Service) PublicConfig() PublicConfig {
	return PublicConfig{s.cfg.SupportedTypes, s.cfg.PasskeyLoginEnabled}
}
