package api

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/jsonio"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/ratelimit"
)

// socialRoutes are there where third-party logins are turned on.
func (h *Handler) socialRoutes() []route {
	if h.social == nil {
		return nil
	}
	return []route{
		{paths: []string{"auth/provider/redirect"}, kind: login.Browser, form: true, methods: methods{"POST": h.providerRedirect}},
		{paths: []string{"auth/provider/token"}, methods: methods{"POST": h.providerToken}},
		{paths: []string{"auth/provider/signup"}, pending: h.social.CheckSignupPending, methods: methods{"GET": h.showProviderSignup, "POST": h.providerSignup}},
		{paths: []string{"account/providers"}, login: true, methods: methods{"GET": h.listProviders, "DELETE": h.disconnectProvider}},
	}
}

// providerRedirect answers a form that a page posted, so whatever is wrong with
// it leads to a page of the front end as well.
func (h *Handler) providerRedirect(c *call) (reply, error) {
	return reply{status: http.StatusFound, location: h.social.StartRedirect(c.ctx, c.sess.Session, social.RedirectInput{
		Provider:    c.r.PostForm.Get("provider"),
		Process:     social.Process(c.r.PostForm.Get("process")),
		CallbackURL: c.r.PostForm.Get("callback_url"),
	})}, nil
}

func (h *Handler) providerToken(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	token := in.providerToken()
	if token.Provider != "" && !in.bad("provider") && !in.Empty("token") && !in.bad("token") {
		in.errs = append(in.errs, h.social.CheckToken(token)...)
	}
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if err := h.social.Token(c.ctx, c.sess.Session, token); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

// providerToken reads what a client got from a provider by itself.
func (f *form) providerToken() social.TokenInput {
	var in social.TokenInput
	in.Provider = f.required("provider", f.code)
	in.Process = social.Process(f.required("process", f.text))
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
	token, err := jsonio.ReadObject(bytes.NewReader(raw))
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
	return in
}

// optional reads a text of any length, which is empty if there is none. ok is
// false for anything that is no text.
func (f *form) optional(name string) (value string, ok bool) {
	value, _, ok = f.String(name)
	if strings.ContainsRune(value, 0) {
		return "", false
	}
	return value, ok
}

// exact reads a text or a number with the blanks around it.
func (f *form) exact(name string) string {
	value, _, isText := f.Code(name)
	return f.check(name, value, isText, maxTextLength)
}

type emailDraft struct {
	Email    string `json:"email"`
	Verified bool   `json:"verified"`
	Primary  bool   `json:"primary"`
}

type connectedItem struct {
	UID      string                `json:"uid"`
	Provider social.PublicProvider `json:"provider"`
	Display  string                `json:"display"`
}

func connectedAccount(a social.Connected) connectedItem {
	return connectedItem{a.UID, social.Public(a.Provider), a.Display}
}

// showProviderSignup shows whom the provider knows and what is known of them.
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
		Email   []emailDraft  `json:"email"`
	}{draft{Display: pending.Display, Username: pending.Username}, connectedAccount(pending.Account), []emailDraft{}}
	for i, e := range pending.Emails {
		data.Email = append(data.Email, emailDraft{e.Email, e.Verified, i == 0})
	}
	return reply{status: http.StatusOK, data: data}, nil
}

func (h *Handler) providerSignup(c *call) (reply, error) {
	if err := c.limit(ratelimit.ActionSignup); err != nil {
		return reply{}, err
	}
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	input := login.ProviderSignupForm{
		Email: in.email("email"), Email2: in.email("email2"), Username: in.text("username"), Phone: in.text("phone"),
		Fields: in.fields(),
	}
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if err := h.social.CompleteSignup(c.ctx, c.sess.Session, input); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

func (h *Handler) listProviders(c *call) (reply, error) {
	accounts, err := h.social.Accounts(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	items := make([]connectedItem, len(accounts))
	for i, a := range accounts {
		items[i] = connectedAccount(a)
	}
	return reply{status: http.StatusOK, data: items}, nil
}

func (h *Handler) disconnectProvider(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	provider, uid := in.required("provider", in.code), in.required("account", in.exact)
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if err := h.social.Disconnect(c.ctx, c.sess.Session, provider, uid); err != nil {
		return reply{}, err
	}
	return h.listProviders(c)
}
