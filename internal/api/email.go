package api

import (
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn/code"
)

type emailItem struct {
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
	Primary  bool   `json:"primary"`
}

func (h *Handler) listEmails(c *call) (reply, error) {
	emails, err := h.account.Emails(c.ctx, c.sess.Session)
	return shown(emailItems(emails), err)
}

func emailItems(emails []account.EmailAddress) []emailItem {
	items := make([]emailItem, len(emails))
	for i, e := range emails {
		items[i] = emailItem{e.Email, e.Verified, e.Primary}
	}
	return items
}

// addEmail adds an address, or corrects the one for whose code the login waits.
func (h *Handler) addEmail(c *call, email string) (reply, error) {
	if c.awaited != nil {
		email, err := h.account.CorrectEmail(c.ctx, c.awaited, email)
		return shown([]emailItem{{Email: email}}, err)
	}
	emails, err := h.account.AddEmail(c.ctx, c.sess.Session, email)
	return shown(emailItems(emails), err)
}

func (h *Handler) resendEmail(c *call, email string) (reply, error) {
	return done(h.account.ResendEmail(c.ctx, c.sess.Session, email))
}

func (h *Handler) setPrimaryEmail(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	email := in.required("email", (*form).email)
	primary, _, isBool := in.Bool("primary")
	if !isBool || !primary {
		if !in.hasProblem("email") {
			if err := in.merge(h.account.CheckPrimaryEmail(c.ctx, c.sess.Session, email)); err != nil {
				return reply{}, err
			}
		}
		in.add("primary", map[bool]string{true: code.Required, false: code.Invalid}[isBool || in.Empty("primary")])
	}
	if err := in.err(); err != nil {
		return reply{}, err
	}
	emails, err := h.account.SetPrimaryEmail(c.ctx, c.sess.Session, email)
	return shown(emailItems(emails), err)
}

func (h *Handler) removeEmail(c *call, email string) (reply, error) {
	emails, err := h.account.RemoveEmail(c.ctx, c.sess.Session, email)
	return shown(emailItems(emails), err)
}
