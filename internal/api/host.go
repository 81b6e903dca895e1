package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/mfa"
)

// WriteUnauthorized answers a request to a route of the host like the API without a
// logged-in user. found is the session that the middleware loaded, or nil.
func (h *Handler) WriteUnauthorized(w http.ResponseWriter, r *http.Request, found *session.Active) {
	if found == nil {
		found = &session.Active{Session: login.NewSession(h.KindOf(r), h.cfg.Client(r))}
	}
	c := h.hostCall(w, r, found)
	defer h.recoverPanic(c)
	c.answer(c.anonymous(http.StatusUnauthorized))
}

// KindOf returns the kind of client of a request to a route of the host: an app if a
// header contains a token, or else a browser. If that kind is not served, it returns the
// other one.
func (h *Handler) KindOf(r *http.Request) login.Kind {
	kind := login.Browser
	if r.Header.Get("X-Session-Token") != "" || h.tokens != nil && h.tokens.FromHeader(r.Header) != "" {
		kind = login.App
	}
	if !slices.Contains(h.cfg.Clients, kind) {
		kind = h.cfg.Clients[0]
	}
	return kind
}

// WriteStepUp answers a request to a route of the host whose session does not satisfy the
// policy: with the flows to reauthenticate, or with 403 if the user has no authenticator
// that fits. With err, an error of the middleware, it answers that the request failed.
func (h *Handler) WriteStepUp(w http.ResponseWriter, r *http.Request, session *session.Active, p login.Policy, err error) {
	c := h.hostCall(w, r, session)
	defer h.recoverPanic(c)
	if err != nil {
		c.fail(err)
		return
	}
	c.answer(c.stepUp(p))
}

func (c *call) stepUp(p login.Policy) (reply, error) {
	answer, err := c.reauthentication()
	if err == nil && p.NeedsFactor() {
		answer, err = c.secondFactor(p.PhishingResistant)
	}
	if err != nil || answer.status != http.StatusUnauthorized {
		return answer, err
	}
	if c.r.Header.Get("X-Session-Token") == "" && c.tokens != nil && c.tokens.FromHeader(c.r.Header) != "" {
		c.w.Header().Set("WWW-Authenticate", c.challenge(p))
	}
	return answer, nil
}

// challenge returns the challenge of RFC 9470 for a policy.
func (c *call) challenge(p login.Policy) string {
	text := c.tokens.Scheme() + ` error="insufficient_user_authentication", error_description="Authenticate again, then refresh the token"`
	if values := p.ACRValues(); values != "" {
		text += `, acr_values="` + values + `"`
	}
	if p.MaxAge > 0 {
		text += `, max_age="` + strconv.FormatInt(int64(p.MaxAge/time.Second), 10) + `"`
	}
	return text
}

// secondFactor answers with the flow by which the user shows a second factor, or, if only a
// key fits, a key. It answers with 403 if the user has none.
func (c *call) secondFactor(key bool) (reply, error) {
	answer, err := c.reauthentication(login.FlowMFAReauthenticate)
	if err != nil {
		return reply{}, err
	}
	data, _ := answer.data.(reauthenticationData)
	for i := range data.Flows {
		types := data.Flows[i].Types
		if key {
			types = slices.DeleteFunc(types, func(t string) bool { return t != string(mfa.WebAuthn) })
			data.Flows[i].Types = types
		}
		if slices.ContainsFunc(types, func(t string) bool { return t != string(mfa.RecoveryCodes) }) {
			return answer, nil
		}
	}
	missing := code.MFARequired
	if key {
		missing = code.PhishingResistantRequired
	}
	return reply{status: http.StatusForbidden, errors: problem.List("", missing)}, nil
}

// WriteImpersonated answers a request to a route of the host that a user must not use who acts
// as another one.
func (h *Handler) WriteImpersonated(w http.ResponseWriter, r *http.Request) {
	h.hostCall(w, r, nil).write(reply{status: http.StatusForbidden, errors: problem.List("", code.Impersonated)})
}

func (h *Handler) hostCall(w http.ResponseWriter, r *http.Request, session *session.Active) *call {
	setHeaders(w.Header())
	ctx, unit := h.work.Begin(r.Context())
	return &call{Handler: h, w: w, r: r.WithContext(ctx), ctx: ctx, unit: unit, sess: session}
}

func (c *call) answer(answer reply, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	c.write(answer)
}
