package api

import (
	"context"
	"encoding/json"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/login"
)

// options returns an endpoint that answers with the options of issue as the member name.
func options[T any](name string, issue func(ctx context.Context, sess *login.Session) (T, error)) endpoint {
	return func(c *call) (reply, error) {
		options, err := issue(c.ctx, c.sess.Session)
		return shown(map[string]T{name: options}, err)
	}
}

// credential reads the field "credential": the response of a key, as an object or as a text
// with one.
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

// passkeySignup reads the form of a sign-up with a passkey.
func (f *form) passkeySignup() accounts.SignupInput {
	return f.signupWith(accounts.SignupInput{Passwordless: true})
}

func (h *Handler) signupByPasskey(c *call, in accounts.SignupInput) (reply, error) {
	return c.outcome(h.account.Signup(c.ctx, c.sess.Session, in, accounts.SignupOptions{Prepare: factors.PrepareSignup}))
}

// finishPasskeySignup adds the passkey of a sign-up. It refuses a body that is not JSON
// before it looks for the pending login.
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
	return c.outcome(h.mfa.FinishSignup(c.ctx, c.sess.Session, key.name, key.response))
}
