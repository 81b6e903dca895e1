package headless

import (
	"net/http"

	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/sessions"
)

// WriteUnauthorized answers a request to the host's own routes as the API would
// where nobody is logged in.
func (h *Handler) WriteUnauthorized(w http.ResponseWriter, r *http.Request) {
	c := h.hostCall(w, r, &sessions.Active{Session: flow.NewSession(flow.App, h.cfg.Client(r))})
	c.answer(c.authentication())
}

// WriteReauthentication answers a request to the host's own routes as the API
// would where the last proof of identity is too old. err is what kept the
// middleware from finding out, or nil.
func (h *Handler) WriteReauthentication(w http.ResponseWriter, r *http.Request, session *sessions.Active, err error) {
	c := h.hostCall(w, r, session)
	if err != nil {
		c.fail(err)
		return
	}
	c.answer(c.reauthentication())
}

func (h *Handler) hostCall(w http.ResponseWriter, r *http.Request, session *sessions.Active) *call {
	setHeaders(w.Header())
	return &call{Handler: h, w: w, r: r, ctx: r.Context(), sess: session}
}

func (c *call) answer(answer reply, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	c.write(answer)
}
