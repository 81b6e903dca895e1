package api

import (
	"context"
	"net/http"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/problem"
)

func (h *Handler) login(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return c.refuse(err)
	}
	credentials, err := in.credentials(c.ctx, h.account)
	if err != nil {
		return c.refuse(err)
	}
	return c.outcome(h.account.Login(c.ctx, c.sess.Session, credentials))
}

// credentials reads the identifier and the password. If several login methods are
// configured, exactly one of their fields must be present.
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
	in.Password = f.required("password", (*form).password)
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
	if value == "" && required && !f.hasProblem(name) {
		f.add(name, code.Required)
	}
	return value
}

func (h *Handler) signup(c *call, in accounts.SignupInput) (reply, error) {
	return c.outcome(h.account.Signup(c.ctx, c.sess.Session, in, accounts.SignupOptions{}))
}

// signup reads the form of a sign-up with a password.
func (f *form) signup() accounts.SignupInput {
	return f.signupWith(accounts.SignupInput{Password: f.newPassword("password")})
}

// signupWith reads the fields of all kinds of sign-up. It passes the problems to the flow,
// which returns them together with those that it finds.
func (f *form) signupWith(in accounts.SignupInput) accounts.SignupInput {
	in.Email, in.Email2, in.Username, in.Phone, in.Fields = f.email("email"), f.email("email2"), f.text("username"), f.text("phone"), f.fields()
	in.Problems, f.errs = f.errs, nil
	return in
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
