package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// requestOptions answers an endpoint that asks for a key.
func requestOptions(ask func(ctx context.Context, sess *login.Session) (*webauthn.RequestOptions, error)) endpoint {
	return func(c *call) (reply, error) {
		options, err := ask(c.ctx, c.sess.Session)
		if err != nil {
			return reply{}, err
		}
		data := struct {
			RequestOptions *webauthn.RequestOptions `json:"request_options"`
		}{options}
		return reply{status: http.StatusOK, data: data}, nil
	}
}

// credential reads the field of that name: the answer of a key, as an object or
// as a text that holds one.
func (f *form) credential() []byte {
	const name = "credential"
	if f.Empty(name) {
		f.add(name, code.Required)
		return nil
	}
	text, _, isText := f.String(name)
	if !isText {
		return f.Raw(name)
	}
	if !json.Valid([]byte(text)) {
		f.add(name, code.Invalid)
	}
	return []byte(text)
}

// creationOptions answers an endpoint that asks for a new key.
func creationOptions(ask func(ctx context.Context, sess *login.Session) (*webauthn.CreationOptions, error)) endpoint {
	return func(c *call) (reply, error) {
		options, err := ask(c.ctx, c.sess.Session)
		if err != nil {
			return reply{}, err
		}
		data := struct {
			CreationOptions *webauthn.CreationOptions `json:"creation_options"`
		}{options}
		return reply{status: http.StatusOK, data: data}, nil
	}
}

// passkeySignup reads a sign-up that ends with a passkey.
func (f *form) passkeySignup() accounts.SignupInput {
	return f.signupWith(accounts.SignupInput{Passwordless: true})
}

func (h *Handler) signupByPasskey(c *call, in accounts.SignupInput) (reply, error) {
	return c.outcome(h.account.Signup(c.ctx, c.sess.Session, in, accounts.SignupOptions{Prepare: factors.PrepareSignup}))
}

// finishPasskeySignup refuses a body that is no JSON before it looks for the login.
func (h *Handler) finishPasskeySignup(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	if err := h.mfa.CheckLoginPending(c.sess.Session); err != nil {
		return reply{}, err
	}
	key := in.newKey()
	if err := in.err(); err != nil {
		return reply{}, err
	}
	return c.outcome(h.mfa.FinishSignup(c.ctx, c.sess.Session, key.name, key.answer))
}
