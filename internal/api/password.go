package api

import (
	"strings"

	"github.com/allauth-go/allauth/internal/work"
)

func (h *Handler) requestReset(c *call, email string) (reply, error) {
	if err := h.account.RequestReset(c.ctx, c.sess.Session, email); err != nil {
		return reply{}, err
	}
	if h.account.Config().PasswordResetByCode != nil {
		return c.authentication()
	}
	return done(nil)
}

func (h *Handler) showReset(c *call) (reply, error) {
	key := c.r.Header.Get("X-Password-Reset-Key")
	awaited, err := h.account.ResetKey(c.ctx, c.sess.Session, key)
	if err != nil {
		return reply{}, err
	}
	id, err := h.account.ResetIdentity(c.ctx, awaited, key)
	if err != nil {
		return reply{}, err
	}
	data := struct {
		User any `json:"user"`
	}{c.userPayload(id)}
	return shown(data, nil)
}

// resetPassword charges the limit before it looks for a pending reset, and looks for one
// before it reports problems of the body.
func (h *Handler) resetPassword(c *call) (reply, error) {
	in, invalid := c.form()
	key := ""
	if invalid == nil {
		key, _, _ = in.Code("key")
	}
	var err error
	if c.awaited, err = h.account.ResetKey(c.ctx, c.sess.Session, strings.TrimSpace(key)); err != nil {
		return reply{}, err
	}
	if invalid != nil {
		return c.refuse(invalid)
	}
	value := in.passwordReset()
	if err := in.err(); err != nil {
		return c.refuse(err)
	}
	return h.applyReset(c, value)
}

type passwordReset struct{ key, password string }

func (f *form) passwordReset() passwordReset {
	return passwordReset{f.code("key"), f.newPassword("password")}
}

func (h *Handler) applyReset(c *call, in passwordReset) (reply, error) {
	if !h.account.IsResetKey(in.key) {
		work.Afterwards(c.ctx, c.attempt.Refund)
	}
	return c.outcome(h.account.ResetPassword(c.ctx, c.awaited, in.key, in.password))
}

type passwordChange struct{ current, replacement string }

func (f *form) passwordChange() passwordChange {
	return passwordChange{f.password("current_password"), f.newPassword("new_password")}
}

func (h *Handler) changePassword(c *call, in passwordChange) (reply, error) {
	return c.outcome(h.account.ChangePassword(c.ctx, c.sess.Session, in.current, in.replacement))
}
