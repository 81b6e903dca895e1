package api

import (
	"net/http"

	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

func (h *Handler) requestReset(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	email := in.required("email", in.email)
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if err := h.account.RequestReset(c.ctx, c.sess.Session, email); err != nil {
		return reply{}, err
	}
	if h.account.Config().PasswordResetByCode != nil {
		return c.authentication()
	}
	return ok()
}

func (h *Handler) showReset(c *call) (reply, error) {
	awaited, err := h.account.ResetKey(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	id, err := h.account.ResetIdentity(c.ctx, awaited, c.r.Header.Get("X-Password-Reset-Key"))
	if err != nil {
		return reply{}, err
	}
	data := struct {
		User any `json:"user"`
	}{c.userPayload(id)}
	return reply{status: http.StatusOK, data: data}, nil
}

func (h *Handler) resetPassword(c *call) (reply, error) {
	attempt, err := c.take(ratelimit.ActionResetPasswordFromKey)
	if err != nil {
		return reply{}, err
	}
	awaited, err := h.account.ResetKey(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	key, pass := in.code("key"), in.newPassword("password")
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if !h.account.IsResetKey(key) {
		work.Afterwards(c.ctx, attempt.Refund)
	}
	if err := h.account.ResetPassword(c.ctx, awaited, key, pass); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

func (h *Handler) changePassword(c *call) (reply, error) {
	if err := c.limit(ratelimit.ActionChangePassword); err != nil {
		return reply{}, err
	}
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	current, replacement := in.password("current_password"), in.newPassword("new_password")
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if err := h.account.ChangePassword(c.ctx, c.sess.Session, current, replacement); err != nil {
		return reply{}, err
	}
	return c.authentication()
}
