package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/work"
)

// codeRoutes are the endpoints of one-time codes and telephone numbers.
func (h *Handler) codeRoutes() []route {
	routes := []route{
		{paths: []string{"auth/code/confirm"}, passes: post, awaits: h.account.LoginCode, methods: methods{"POST": confirm("code", h.account.ConfirmLoginCode)}},
		{paths: []string{"auth/email/verify/resend"}, methods: methods{"POST": resendCode(h.account.EmailCode)}},
		{paths: []string{"auth/phone/verify"}, passes: post, awaits: h.account.PhoneCode, methods: methods{"POST": confirm("code", h.account.VerifyPhone)}},
		{paths: []string{"auth/phone/verify/resend"}, methods: methods{"POST": resendCode(h.account.PhoneCode)}},
	}
	if h.account.PhoneEnabled() {
		routes = append(routes, route{paths: []string{"account/phone"}, methods: methods{"GET": h.showPhone, "POST": h.changePhone}})
	}
	if h.account.LoginByCodeRequestable() {
		routes = append(routes,
			route{paths: []string{"auth/code/request"}, local: true, methods: methods{"POST": h.requestLoginCode}},
			route{paths: []string{"auth/code/resend"}, methods: methods{"POST": resendCode(h.account.LoginCode)}},
		)
	}
	return routes
}

func (h *Handler) requestLoginCode(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	email, phone := in.email("email"), in.text("phone")
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if err := h.account.RequestLoginCode(c.ctx, c.sess.Session, email, phone); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

// confirm answers an endpoint that takes the awaited code in that field. A missing one
// is for the flow to refuse.
func confirm(field string, accept func(ctx context.Context, a *accounts.AwaitedCode, typed string) error) endpoint {
	return func(c *call) (reply, error) {
		in, err := c.form()
		if err != nil {
			return reply{}, err
		}
		typed := in.code(field)
		if err := in.err(); err != nil {
			return reply{}, err
		}
		if err := accept(c.ctx, c.awaited, typed); err != nil {
			return reply{}, err
		}
		return c.authentication()
	}
}

// resendCode answers an endpoint that sends the awaited code again. It reads no body.
func resendCode(find awaits) endpoint {
	return func(c *call) (reply, error) {
		code, err := find(c.ctx, c.sess.Session)
		if err != nil {
			return reply{}, err
		}
		if err := code.Resend(c.ctx); err != nil {
			return reply{}, err
		}
		return ok()
	}
}

type phoneItem struct {
	Phone    string `json:"phone"`
	Verified bool   `json:"verified"`
}

func (h *Handler) showPhone(c *call) (reply, error) {
	phones, err := h.account.Phones(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	return phoneList(http.StatusOK, phones...), nil
}

func phoneList(status int, phones ...account.Phone) reply {
	items := make([]phoneItem, len(phones))
	for i, p := range phones {
		items[i] = phoneItem{p.Number, p.Verified}
	}
	return reply{status: status, data: items}
}

func (h *Handler) changePhone(c *call) (reply, error) {
	var awaited *accounts.AwaitedCode
	if !c.sess.Authenticated() {
		var err error
		if awaited, err = h.account.CorrectablePhone(c.ctx, c.sess.Session); err != nil {
			return reply{}, err
		}
	}
	attempt, err := h.account.TakeChangePhone(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	number := in.text("phone")
	if err := in.err(); err != nil {
		return reply{}, err
	}
	phone, err := h.account.ChangePhone(c.ctx, c.sess.Session, awaited, number)
	if errors.Is(err, work.ErrReauthenticate) {
		// Whoever proves who they are must not have to wait before they come back.
		work.Afterwards(c.ctx, attempt.Refund)
	}
	if err != nil {
		return reply{}, err
	}
	return phoneList(http.StatusAccepted, phone), nil
}
