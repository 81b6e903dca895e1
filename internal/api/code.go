package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/work"
)

// contact is the address or number to which a code is sent.
type contact struct{ email, phone string }

func (f *form) contact() contact { return contact{f.email("email"), f.text("phone")} }

func (h *Handler) requestLoginCode(c *call, to contact) (reply, error) {
	return c.outcome(h.account.RequestLoginCode(c.ctx, c.sess.Session, to.email, to.phone))
}

// confirm returns an endpoint that accepts the pending code in the named field. The flow
// refuses an empty code.
func confirm(name string, accept func(ctx context.Context, a *accounts.AwaitedCode, typed string) error) endpoint {
	return with(field(name, (*form).code), func(c *call, typed string) (reply, error) {
		return c.outcome(accept(c.ctx, c.awaited, typed))
	})
}

// resend returns an endpoint that sends the pending code again. It reads no body.
func resend(find awaits) endpoint {
	return func(c *call) (reply, error) {
		code, err := find(c.ctx, c.sess.Session)
		if err != nil {
			return reply{}, err
		}
		return done(code.Resend(c.ctx))
	}
}

// unlessLoggedIn returns find for sessions without a logged-in user. A logged-in user
// changes a contact, and has no pending one to correct.
func unlessLoggedIn(find awaits) awaits {
	return func(ctx context.Context, sess *login.Session) (*accounts.AwaitedCode, error) {
		if sess.Authenticated() {
			return nil, nil
		}
		return find(ctx, sess)
	}
}

type phoneItem struct {
	Phone    string `json:"phone"`
	Verified bool   `json:"verified"`
}

func (h *Handler) showPhone(c *call) (reply, error) {
	phones, err := h.account.Phones(c.ctx, c.sess.Session)
	return shown(phoneItems(phones...), err)
}

func phoneItems(phones ...account.Phone) []phoneItem {
	items := make([]phoneItem, len(phones))
	for i, p := range phones {
		items[i] = phoneItem{p.Number, p.Verified}
	}
	return items
}

func (h *Handler) changePhone(c *call, number string) (reply, error) {
	phone, err := h.account.ChangePhone(c.ctx, c.sess.Session, c.awaited, number)
	if errors.Is(err, work.ErrReauthenticate) {
		// A user who reauthenticates must not have to wait before they come back.
		work.Afterwards(c.ctx, c.attempt.Refund)
	}
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, data: phoneItems(phone)}, nil
}
