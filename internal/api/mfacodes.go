package api

import (
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/authn"
)

// showTOTP answers with the user's authenticator app, or, with status 404, with a secret
// to set one up.
func (h *Handler) showTOTP(c *call) (reply, error) {
	app, err := h.mfa.TOTP(c.ctx, c.sess.Session)
	if err == nil {
		return shown(authenticator(*app), nil)
	}
	if !errors.Is(err, authn.ErrNotFound) {
		return reply{}, err
	}
	setup, err := h.mfa.SetUpTOTP(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNotFound, meta: &meta{Secret: setup.Secret, TOTPURL: setup.URL}}, nil
}

func (h *Handler) activateTOTP(c *call, code string) (reply, error) {
	app, err := h.mfa.ActivateTOTP(c.ctx, c.sess.Session, code)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, data: authenticator(*app)}, nil
}

func (h *Handler) deactivateTOTP(c *call) (reply, error) {
	return done(h.mfa.DeactivateTOTP(c.ctx, c.sess.Session))
}

func (h *Handler) showRecoveryCodes(c *call) (reply, error) {
	codes, err := h.mfa.ViewRecoveryCodes(c.ctx, c.sess.Session)
	if errors.Is(err, authn.ErrNotFound) {
		return reply{status: http.StatusNotFound}, nil
	}
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, data: recoveryCodes(codes)}, nil
}

func (h *Handler) resetRecoveryCodes(c *call) (reply, error) {
	codes, err := h.mfa.ResetRecoveryCodes(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, data: recoveryCodes(codes)}, nil
}
