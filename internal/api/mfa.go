package api

import (
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/mfa"
)

// mfaRoutes are there where second factors are turned on. What a user has works
// even where no more of its type can be added; only its management is gone.
func (h *Handler) mfaRoutes() []route {
	if h.mfa == nil {
		return nil
	}
	cfg := h.mfa.Config()
	routes := []route{
		{paths: []string{"auth/2fa/authenticate"}, passes: post, pending: h.mfa.CheckPending, methods: methods{"POST": h.authenticateByCode}},
		{paths: []string{"auth/2fa/reauthenticate"}, login: true, methods: methods{"POST": h.reauthenticateByCode}},
		{paths: []string{"account/authenticators"}, login: true, methods: methods{"GET": h.listAuthenticators}},
	}
	if h.mfa.TrustAsked() {
		routes = append(routes, route{paths: []string{"auth/2fa/trust"}, kind: login.Browser, pending: h.mfa.CheckTrustPending, methods: methods{"POST": h.trustBrowser}})
	}
	if factors.Supports(cfg, mfa.TOTP) {
		routes = append(routes, route{paths: []string{"account/authenticators/totp"}, login: true, methods: methods{
			"GET": h.showTOTP, "POST": h.activateTOTP, "DELETE": h.deactivateTOTP,
		}})
	}
	if factors.Supports(cfg, mfa.RecoveryCodes) {
		paths := []string{"account/authenticators/recovery-codes", "account/authenticators/recovery_codes"}
		routes = append(routes, route{paths: paths, login: true, methods: methods{"GET": h.showRecoveryCodes, "POST": h.resetRecoveryCodes}})
	}
	if factors.Supports(cfg, mfa.WebAuthn) {
		routes = append(routes, h.webAuthnRoutes(cfg)...)
	}
	return routes
}

func (h *Handler) authenticateByCode(c *call) (reply, error) {
	code, err := c.mfaCode()
	if err != nil {
		return reply{}, err
	}
	if err := h.mfa.Authenticate(c.ctx, c.sess.Session, code); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

func (h *Handler) reauthenticateByCode(c *call) (reply, error) {
	code, err := c.mfaCode()
	if err != nil {
		return reply{}, err
	}
	if err := h.mfa.Reauthenticate(c.ctx, c.sess.Session, code); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

// mfaCode reads the field "code". What is neither a text nor a number is simply
// a wrong code.
func (c *call) mfaCode() (string, error) {
	in, err := c.form()
	if err != nil {
		return "", err
	}
	typed, _, isCode := in.Code("code")
	typed = strings.TrimSpace(typed)
	switch {
	case !isCode && !in.Empty("code"):
		in.errs = append(in.errs, problem.SecondFactor.List("code", code.IncorrectCode)...)
	case typed == "":
		in.add("code", code.Required)
	case strings.ContainsRune(typed, 0):
		in.add("code", code.NullCharactersNotAllowed)
	}
	return typed, in.err()
}

func (h *Handler) trustBrowser(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	if err := h.mfa.Trust(c.ctx, c.sess.Session, in.truthy("trust")); err != nil {
		return reply{}, err
	}
	return c.authentication()
}

// truthy reads a check box as forms do: everything is a yes but nothing, false
// and zero.
func (f *form) truthy(name string) bool {
	if f.Empty(name) {
		return false
	}
	if text, _, isText := f.String(name); isText {
		return !strings.EqualFold(text, "false")
	}
	raw := string(f.Raw(name))
	return raw != "false" && strings.Trim(raw, "-0.") != ""
}

// authenticatorItem is one entry of the list of authenticators. Members that a
// type does not have are left out.
type authenticatorItem struct {
	Type            mfa.Type  `json:"type"`
	CreatedAt       float64   `json:"created_at"`
	LastUsedAt      *float64  `json:"last_used_at"`
	TotalCodeCount  *int      `json:"total_code_count,omitempty"`
	UnusedCodeCount *int      `json:"unused_code_count,omitempty"`
	UnusedCodes     *[]string `json:"unused_codes,omitempty"`
	ID              int64     `json:"id,omitempty"`
	Name            string    `json:"name,omitempty"`
	IsPasswordless  *bool     `json:"is_passwordless,omitempty"`
}

func authenticator(a mfa.Authenticator) authenticatorItem {
	item := authenticatorItem{Type: a.Type, CreatedAt: authn.Seconds(a.CreatedAt)}
	if !a.LastUsedAt.IsZero() {
		used := authn.Seconds(a.LastUsedAt)
		item.LastUsedAt = &used
	}
	return item
}

func recoveryCodes(codes *factors.Codes) authenticatorItem {
	item := authenticator(codes.Authenticator)
	item.TotalCodeCount, item.UnusedCodeCount = &codes.Total, &codes.Unused
	if codes.Codes != nil {
		item.UnusedCodes = &codes.Codes
	}
	return item
}

func securityKey(key *factors.Key) authenticatorItem {
	item := authenticator(key.Authenticator)
	item.ID, item.Name, item.IsPasswordless = key.ID, key.Name, key.Passwordless
	return item
}

func (h *Handler) listAuthenticators(c *call) (reply, error) {
	list, err := h.mfa.Authenticators(c.ctx, c.sess.Session)
	if err != nil {
		return reply{}, err
	}
	items := make([]authenticatorItem, len(list))
	for i, listed := range list {
		switch {
		case listed.Codes != nil:
			items[i] = recoveryCodes(listed.Codes)
		case listed.Key != nil:
			items[i] = securityKey(listed.Key)
		default:
			items[i] = authenticator(listed.Authenticator)
		}
	}
	return reply{status: http.StatusOK, data: items}, nil
}
