package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// PublicConfig is the member account of GET config.
type PublicConfig struct {
	LoginMethods                   []account.LoginMethod `json:"login_methods"`
	IsOpenForSignup                bool                  `json:"is_open_for_signup"`
	EmailVerificationByCodeEnabled bool                  `json:"email_verification_by_code_enabled"`
	LoginByCodeEnabled             bool                  `json:"login_by_code_enabled"`
	PasswordResetByCodeEnabled     bool                  `json:"password_reset_by_code_enabled"`
	// AuthenticationMethod is the member of the 2024 contract in place of login_methods.
	AuthenticationMethod string `json:"authentication_method,omitempty"`
}

// Offers implements login.Ways.
func (s *Service) Offers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	if s.deps.ProvidersOnly {
		return nil, nil
	}
	offers := []login.Offer{{ID: login.FlowLogin}}
	if loginByCodeRequestable(s.cfg) {
		offers = append(offers, login.Offer{ID: login.StageLoginByCode})
	}
	if s.IsOpenForSignup(ctx) {
		offers = append(offers, login.Offer{ID: login.FlowSignup})
	}
	return s.appendResetOffer(ctx, sess, offers)
}

// ReauthenticationOffers implements login.Ways.
func (s *Service) ReauthenticationOffers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	var offers []login.Offer
	if s.deps.ProvidersOnly {
		return nil, nil
	}
	if sess.Identity.HasUsablePassword {
		offers = append(offers, login.Offer{ID: login.FlowReauthenticate})
	}
	offers, err := s.appendCodeOffer(ctx, sess, offers)
	if err != nil {
		return nil, err
	}
	return s.appendResetOffer(ctx, sess, offers)
}

// appendResetOffer adds the password reset by code, pending or not, if it is configured.
func (s *Service) appendResetOffer(ctx context.Context, sess *login.Session, offers []login.Offer) ([]login.Offer, error) {
	if s.cfg.PasswordResetByCode == nil {
		return offers, nil
	}
	_, err := s.ResetKey(ctx, sess, "")
	if err != nil && !errors.Is(err, work.ErrNotPending) {
		return nil, err
	}
	return append(offers, login.Offer{ID: login.FlowPasswordResetByCode, IsPending: login.Pending(err == nil)}), nil
}

// CanLogIn implements login.Ways. It reports whether the user has a password, a verified
// address, or a verified number with login by code.
func (s *Service) CanLogIn(ctx context.Context, userID, _ string) (bool, error) {
	if s.deps.ProvidersOnly {
		return false, nil
	}
	hash, err := s.passwordHash(ctx, userID)
	if err != nil || password.Usable(hash) {
		return err == nil, err
	}
	// With a verified address a user logs in by code, or after a password reset.
	if verified, err := s.HasVerifiedEmail(ctx, userID); err != nil || verified {
		return verified, err
	}
	if !loginByCodeRequestable(s.cfg) || !logsInBy(s.cfg, account.LoginByPhone) {
		return false, nil
	}
	phone, err := s.phoneOf(ctx, userID)
	return phone != nil && phone.Verified, err
}

// PublicConfig returns the member account of GET config.
func (s *Service) PublicConfig(ctx context.Context) PublicConfig {
	c := PublicConfig{
		LoginMethods:                   s.cfg.LoginMethods,
		IsOpenForSignup:                s.IsOpenForSignup(ctx),
		EmailVerificationByCodeEnabled: s.cfg.EmailVerificationByCode != nil,
		LoginByCodeEnabled:             loginByCodeRequestable(s.cfg),
		PasswordResetByCodeEnabled:     s.cfg.PasswordResetByCode != nil,
	}
	byEmail, byUsername := logsInBy(s.cfg, account.LoginByEmail), logsInBy(s.cfg, account.LoginByUsername)
	switch {
	case byEmail && byUsername:
		c.AuthenticationMethod = "username_email"
	case byEmail:
		c.AuthenticationMethod = "email"
	case byUsername:
		c.AuthenticationMethod = "username"
	}
	return c
}
