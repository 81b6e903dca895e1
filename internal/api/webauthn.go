package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/mfa/webauthn"
	"github.com/allauth-go/allauth/ratelimit"
)

// webAuthnRoutes are the endpoints of security keys and passkeys.
func (h *Handler) webAuthnRoutes(cfg *mfa.Config) []route {
	routes := []route{
		{paths: []string{"auth/webauthn/authenticate"}, passes: post, pending: h.mfa.CheckPending, methods: methods{
			"GET": requestOptions(h.mfa.KeyRequestOptions), "POST": answerOfKey(h.mfa.AuthenticateByKey),
		}},
		{paths: []string{"auth/webauthn/reauthenticate"}, login: true, methods: methods{
			"GET": requestOptions(h.mfa.KeyReauthenticationOptions), "POST": answerOfKey(h.mfa.ReauthenticateByKey),
		}},
		{paths: []string{"account/authenticators/webauthn"}, login: true, methods: methods{
			"GET": h.newKey, "POST": h.addKey, "PUT": h.renameKey, "DELETE": h.removeKeys,
		}},
	}
	if cfg.PasskeyLoginEnabled {
		routes = append(routes, route{paths: []string{"auth/webauthn/login"}, methods: methods{
			"GET": requestOptions(h.mfa.PasskeyRequestOptions), "POST": answerOfKey(h.mfa.LogInByPasskey),
		}})
	}
	if cfg.PasskeySignupEnabled {
		routes = append(routes, route{paths: []string{"auth/webauthn/signup"}, local: true, methods: methods{
			"GET": h.newPasskey, "POST": h.signupByPasskey, "PUT": h.finishPasskeySignup,
		}})
	}
	return routes
}

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

// answerOfKey answers an endpoint that takes a key's answer.
func answerOfKey(prove func(ctx context.Context, sess *login.Session, answer []byte) error) endpoint {
	return func(c *call) (reply, error) {
		in, err := c.form()
		if err != nil {
			return reply{}, err
		}
		answer := in.credential()
		if err := in.err(); err != nil {
			return reply{}, err
		}
		if err := prove(c.ctx, c.sess.Session, answer); err != nil {
			return reply{}, err
		}
		return c.authentication()
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

func creationOptions(options *webauthn.CreationOptions, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	data := struct {
		CreationOptions *webauthn.CreationOptions `json:"creation_options"`
	}{options}
	return reply{status: http.StatusOK, data: data}, nil
}

func (h *Handler) signupByPasskey(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, c.limited(ratelimit.ActionSignup, err)
	}
	input := in.signup()
	input.Passwordless = true
	input.Problems = in.errs
	err = h.account.Signup(c.ctx, c.sess.Session, input, accounts.SignupOptions{Prepare: factors.PrepareSignup})
	if err != nil {
		return reply{}, err
	}
	return c.authentication()
}

func (h *Handler) newPasskey(c *call) (reply, error) {
	return creationOptions(h.mfa.SignupOptions(c.ctx, c.sess.Session))
}

func (h *Handler) finishPasskeySignup(c *call) (reply, error) {
	if err := c.limit(ratelimit.ActionSignup); err != nil {
		return reply{}, err
	}
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	if err := h.mfa.CheckLoginPending(c.sess.Session); err != nil {
		return reply{}, err
	}
	name, answer := in.keyName(), in.credential()
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if err := h.mfa.FinishSignup(c.ctx, c.sess.Session, name, answer); err != nil {
		return reply{}, err
	}
	return c.authentication()
}
