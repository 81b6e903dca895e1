package api

import (
	"net/http"
	"slices"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/session"
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

// WriteReauthentication answers a request to a route of the host like the API if the user
// has not authenticated recently. With err, an error of the middleware, it answers that
// the request failed.
func (h *Handler) WriteReauthentication(w http.ResponseWriter, r *http.Request, session *session.Active, err error) {
	c := h.hostCall(w, r, session)
	defer h.recoverPanic(c)
	if err != nil {
		c.fail(err)
		return
	}
	c.answer(c.reauthentication())
}

// WriteSecondFactor answers a request to a route of the host if the user has not used a
// second factor in this session: with the flows to do so, or with 403 if the user has
// none. With err, an error of the middleware, it answers that the request failed.
func (h *Handler) WriteSecondFactor(w http.ResponseWriter, r *http.Request, session *session.Active, has bool, err error) {
	c := h.hostCall(w, r, session)
	defer h.recoverPanic(c)
	switch {
	case err != nil:
		c.fail(err)
	case has:
		c.answer(c.reauthentication(login.FlowMFAReauthenticate))
	default:
		c.write(reply{status: http.StatusForbidden, errors: problem.List("", code.MFARequired)})
	}
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
