package api

import (
	"net/http"
	"slices"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/work"
)

// WriteUnauthorized answers a request to the host's own routes as the API would
// where no user is logged in. found is what the middleware found, nil if there
// was none.
func (h *Handler) WriteUnauthorized(w http.ResponseWriter, r *http.Request, found *session.Active) {
	if found == nil {
		found = &session.Active{Session: login.NewSession(h.KindOf(r), h.cfg.Client(r))}
	}
	c := h.hostCall(w, r, found)
	defer h.recoverPanic(c)
	c.answer(c.anonymous(http.StatusUnauthorized))
}

// KindOf returns the kind of client that a request to the host's own routes comes
// from: an app if it shows a token in a header, else a browser, and the other one
// where that kind is not served.
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

// WriteReauthentication answers a request to the host's own routes as the API
// would where the last proof of identity is too old. err is what kept the
// middleware from finding out, or nil.
func (h *Handler) WriteReauthentication(w http.ResponseWriter, r *http.Request, session *session.Active, err error) {
	c := h.hostCall(w, r, session)
	defer h.recoverPanic(c)
	if err != nil {
		c.fail(err)
		return
	}
	c.answer(c.reauthentication())
}

// WriteSecondFactor answers a request to the host's own routes of somebody who
// has not shown a second factor in this session: with the ways to do so or, if
// they have none, with 403. err is what kept the middleware from finding out, or
// nil.
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

func (h *Handler) hostCall(w http.ResponseWriter, r *http.Request, session *session.Active) *call {
	setHeaders(w.Header())
	ctx, unit := work.Begin(r.Context())
	return &call{Handler: h, w: w, r: r.WithContext(ctx), ctx: ctx, unit: unit, sess: session}
}

func (c *call) answer(answer reply, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	c.write(answer)
}
