package api

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/jsonio"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/social"
)

// providerRedirect answers the form of a page, so it redirects the browser to a page of
// the front end for invalid input as well.
func (h *Handler) providerRedirect(c *call) (reply, error) {
	return reply{status: http.StatusFound, location: h.social.StartRedirect(c.ctx, c.sess.Session, social.RedirectInput{
		Provider:    c.r.PostForm.Get("provider"),
		Process:     social.Process(c.r.PostForm.Get("process")),
		CallbackURL: c.r.PostForm.Get("callback_url"),
	})}, nil
}

// providerToken reads a token that the client got from a provider, and checks the fields
// that could be read.
func (h *Handler) providerToken(f *form) social.TokenInput {
	in := f.providerToken()
	if in.Provider != "" && !f.hasProblem("provider") && !f.Empty("token") && !f.hasProblem("token") {
		f.errs = append(f.errs, h.social.CheckToken(in)...)
	}
	return in
}

func (f *form) providerToken() social.TokenInput {
	var in social.TokenInput
	in.Provider = f.required("provider", (*form).code)
	in.Process = social.Process(f.required("process", (*form).text))
	if in.Process != "" && !in.Process.Valid() {
		f.add("process", code.InvalidChoice)
	}
	raw := bytes.TrimSpace(f.Raw("token"))
	if f.Empty("token") {
		f.add("token", code.Required)
		if len(raw) == 0 || raw[0] != '{' {
			f.add("token", code.InvalidToken)
		}
		return in
	}
	token, err := jsonio.Parse(raw)
	if err != nil {
		f.add("token", code.InvalidToken)
		return in
	}
	inner := &form{Object: token}
	var ok, okID, okAccess bool
	in.ClientID, ok = inner.optional("client_id")
	in.NoClientID = !ok || in.ClientID == ""
	in.IDToken, okID = inner.optional("id_token")
	in.AccessToken, okAccess = inner.optional("access_token")
	in.NoToken = !okID || !okAccess
	in.User = inner.textOf("user")
	return in
}

// optional reads a text of any length, empty if it is missing. ok is false if the value is
// not a text.
func (f *form) optional(name string) (value string, ok bool) {
	value, _, ok = f.String(name)
	if strings.ContainsRune(value, 0) {
		return "", false
	}
	return value, ok
}

// textOf returns the content of a text, or the JSON of any other value, without an
// opinion on it.
func (f *form) textOf(name string) string {
	if value, present, ok := f.String(name); ok && present {
		return value
	}
	return string(f.Raw(name))
}

type connectedItem struct {
	UID      string                `json:"uid"`
	Provider social.PublicProvider `json:"provider"`
	Display  string                `json:"display"`
}

func connectedAccount(a social.Connected) connectedItem {
	return connectedItem{a.UID, social.Public(a.Provider), a.Display}
}

// showProviderSignup answers with the account at the provider, and with what the form can
// be filled in with.
func (h *Handler) showProviderSignup(c *call) (reply, error) {
	pending, err := h.social.PendingSignup(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	type draft struct {
		Display           string `json:"display,omitempty"`
		HasUsablePassword bool   `json:"has_usable_password"`
		Username          string `json:"username,omitempty"`
	}
	data := struct {
		User    draft         `json:"user"`
		Account connectedItem `json:"account"`
		Email   []emailItem   `json:"email"`
	}{draft{Display: pending.Display, Username: pending.Username}, connectedAccount(pending.Account), []emailItem{}}
	for i, e := range pending.Emails {
		data.Email = append(data.Email, emailItem{e.Email, e.Verified, i == 0})
	}
	return reply{status: http.StatusOK, data: data}, nil
}

func (f *form) providerSignup() login.ProviderSignupForm {
	return login.ProviderSignupForm{
		Email: f.email("email"), Email2: f.email("email2"), Username: f.text("username"), Phone: f.text("phone"),
		Fields: f.fields(),
	}
}

func (h *Handler) listProviders(c *call) (reply, error) {
	accounts, err := h.social.Accounts(c.ctx, c.sess.Session)
	return shown(connectedItems(accounts), err)
}

func connectedItems(accounts []social.Connected) []connectedItem {
	items := make([]connectedItem, len(accounts))
	for i, a := range accounts {
		items[i] = connectedAccount(a)
	}
	return items
}

// connected is an account at a provider.
type connected struct{ provider, uid string }

func (f *form) connected() connected {
	return connected{f.required("provider", (*form).code), f.required("account", (*form).exact)}
}

func (h *Handler) disconnectProvider(c *call, in connected) (reply, error) {
	accounts, err := h.social.Disconnect(c.ctx, c.sess.Session, in.provider, in.uid)
	return shown(connectedItems(accounts), err)
}
