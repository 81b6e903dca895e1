package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/ratelimit"
)

func (h *Handler) login(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, c.limited(ratelimit.ActionLogin, err)
	}
	credentials, err := in.credentials(c.ctx, h.account)
	if err != nil {
		return reply{}, c.limited(ratelimit.ActionLogin, err)
	}
	if err := h.account.Login(c.ctx, c.sess.Session, credentials); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

// credentials reads who wants to log in. Where there are several ways to say
// so, exactly one must be there.
func (f *form) credentials(ctx context.Context, service *accounts.Flows) (accounts.LoginInput, error) {
	ways := service.Config().LoginMethods
	var in accounts.LoginInput
	var present []account.LoginMethod
	for _, way := range ways {
		if len(ways) == 1 || f.Has(string(way)) {
			present = append(present, way)
		}
	}
	for _, way := range present {
		in.Method, in.Identifier = way, f.identifier(string(way), len(ways) == 1)
		if in.Identifier != "" {
			f.errs = append(f.errs, service.CheckIdentifier(ctx, way, in.Identifier)...)
		}
	}
	in.Password = f.required("password", f.password)
	if err := f.err(); err != nil {
		return in, err
	}
	switch {
	case len(present) != 1:
		return in, problem.List("", code.InvalidLogin)
	case in.Identifier == "":
		return in, accounts.Mismatch(in.Method)
	}
	return in, nil
}

func (f *form) identifier(name string, required bool) string {
	value := f.text(name)
	if value == "" && required && !f.bad(name) {
		f.add(name, code.Required)
	}
	return value
}

func (h *Handler) signup(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, c.limited(ratelimit.ActionSignup, err)
	}
	input := in.signup()
	input.Password = in.newPassword("password")
	input.Problems = in.errs
	if err := h.account.Signup(c.ctx, c.sess.Session, input, accounts.SignupOptions{}); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

// signup reads what every kind of sign-up asks for.
func (f *form) signup() accounts.SignupInput {
	return accounts.SignupInput{
		Email: f.email("email"), Email2: f.email("email2"), Username: f.text("username"), Phone: f.text("phone"),
		Fields: f.fields(),
	}
}

// email reads an address of any length: how long it may be is up to the room.
func (f *form) email(name string) string {
	value, _, isText := f.String(name)
	return strings.TrimSpace(f.check(name, value, isText, 4096))
}

func (h *Handler) showVerification(c *call) (reply, error) {
	key := c.r.Header.Get("X-Email-Verification-Key")
	pending, err := h.account.EmailVerification(c.ctx, c.awaited, key)
	if err != nil {
		return reply{}, err
	}
	data := struct {
		Email string `json:"email"`
		User  any    `json:"user"`
	}{pending.Email, c.userPayload(pending.Identity)}
	return reply{status: http.StatusOK, data: data, meta: &meta{IsAuthenticating: &pending.Authenticating}}, nil
}
