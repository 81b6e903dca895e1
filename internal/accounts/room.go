package accounts

import (
	"context"
	"errors"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
)

// PublicConfig is the part of GET config that this room tells.
type PublicConfig struct {
	LoginMethods                   []account.LoginMethod `json:"login_methods"`
	IsOpenForSignup                bool                  `json:"is_open_for_signup"`
	EmailVerificationByCodeEnabled bool                  `json:"email_verification_by_code_enabled"`
	LoginByCodeEnabled             bool                  `json:"login_by_code_enabled"`
	PasswordResetByCodeEnabled     bool                  `json:"password_reset_by_code_enabled"`
	// AuthenticationMethod is what the 2024 contract has in place of
	// login_methods.
	AuthenticationMethod string `json:"authentication_method,omitempty"`
}

// Room shows the service to the kernel.
func (s *Service) Room() login.Room { return room{s} }

type room struct{ *Service }

func (r room) Stages() []login.Stage {
	return []login.Stage{
		{ID: login.StageLoginByCode, Enter: r.enterLoginByCode},
		{ID: login.StageVerifyPhone, Enter: r.enterVerifyPhone},
		{ID: login.StageVerifyEmail, Enter: r.enterVerifyEmail},
	}
}

func (r room) Offers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	if r.deps.ProvidersOnly {
		return nil, nil
	}
	offers := []login.Offer{{ID: login.FlowLogin}}
	if loginByCodeRequestable(r.cfg) {
		offers = append(offers, login.Offer{ID: login.StageLoginByCode})
	}
	if r.IsOpenForSignup(ctx) {
		offers = append(offers, login.Offer{ID: login.FlowSignup})
	}
	return r.appendResetOffer(ctx, sess, offers)
}

func (r room) ReauthenticationOffers(ctx context.Context, sess *login.Session) ([]login.Offer, error) {
	var offers []login.Offer
	if r.deps.ProvidersOnly {
		return nil, nil
	}
	if sess.Identity.HasUsablePassword {
		offers = append(offers, login.Offer{ID: login.FlowReauthenticate})
	}
	offers, err := r.appendCodeOffer(ctx, sess, offers)
	if err != nil {
		return nil, err
	}
	return r.appendResetOffer(ctx, sess, offers)
}

// appendResetOffer lists the reset by code, pending or not, wherever it is
// turned on.
func (r room) appendResetOffer(ctx context.Context, sess *login.Session, offers []login.Offer) ([]login.Offer, error) {
	if r.cfg.PasswordResetByCode == nil {
		return offers, nil
	}
	pending, err := r.resetPending(ctx, sess)
	if err != nil {
		return nil, err
	}
	return append(offers, login.Offer{ID: login.FlowPasswordResetByCode, IsPending: login.Pending(pending)}), nil
}

// CanLogIn implements login.Room.
func (r room) CanLogIn(ctx context.Context, userID, _ string) (bool, error) {
	if r.deps.ProvidersOnly {
		return false, nil
	}
	hash, err := r.passwordHash(ctx, userID)
	if err != nil || password.Usable(hash) {
		return err == nil, err
	}
	// A code or a reset by mail leads in, too.
	if verified, err := r.HasVerifiedEmail(ctx, userID); err != nil || verified {
		return verified, err
	}
	if !loginByCodeRequestable(r.cfg) || !logsInBy(r.cfg, account.LoginByPhone) {
		return false, nil
	}
	phone, err := r.store.PhoneByUser(ctx, userID)
	if errors.Is(err, authn.ErrNotFound) {
		return false, nil
	}
	return err == nil && phone.Verified, err
}

func (r room) PublicConfig(ctx context.Context) (string, any) {
	c := PublicConfig{
		LoginMethods:                   r.cfg.LoginMethods,
		IsOpenForSignup:                r.IsOpenForSignup(ctx),
		EmailVerificationByCodeEnabled: r.cfg.EmailVerificationByCode != nil,
		LoginByCodeEnabled:             loginByCodeRequestable(r.cfg),
		PasswordResetByCodeEnabled:     r.cfg.PasswordResetByCode != nil,
	}
	byEmail, byUsername := logsInBy(r.cfg, account.LoginByEmail), logsInBy(r.cfg, account.LoginByUsername)
	switch {
	case byEmail && byUsername:
		c.AuthenticationMethod = "username_email"
	case byEmail:
		c.AuthenticationMethod = "email"
	case byUsername:
		c.AuthenticationMethod = "username"
	}
	return "account", c
}
