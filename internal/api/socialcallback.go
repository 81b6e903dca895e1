package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/social"
	"github.com/allauth-go/allauth/internal/work"
)

// callbackOf returns the provider whose callback the request is for.
func (h *Handler) callbackOf(r *http.Request) (string, bool) {
	if h.social == nil {
		return "", false
	}
	return h.social.CallbackProvider(r.URL.Path)
}

// callback answers the callback of a provider. It redirects the browser to a page of the
// front end, also after an error.
func (c *call) callback(providerID string) {
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, maxFormBody)
	byForm := c.social.AnswersByForm(providerID)
	switch {
	case c.r.Method == http.MethodPost && byForm:
		c.redirectWithForm(providerID)
		return
	case c.r.Method != http.MethodGet: // HEAD must not consume the provider's response
		c.w.Header().Set("Allow", http.MethodGet)
		c.write(reply{status: http.StatusMethodNotAllowed})
		return
	}
	values := c.r.URL.Query()
	if byForm {
		values = c.social.OpenForm(providerID, values.Get(social.ParameterForm))
	}
	if c.social.AnswersInFragment(providerID, values) {
		c.writeFragmentPage()
		return
	}
	if c.social.ShowsForm(providerID, values) {
		c.writeDummyPage(providerID, values)
		return
	}
	if err := c.load(login.Browser); err != nil {
		c.callbackFailed(err)
		return
	}
	if c.sess.Actor != nil {
		c.callbackFailed(work.ErrImpersonated)
		return
	}
	c.redirectTo(c.social.FinishRedirect(c.ctx, c.sess.Session, providerID, values))
}

// redirectTo stores the session and redirects the browser.
func (c *call) redirectTo(finished social.Finished) {
	if err := c.complete(); err != nil {
		c.abort()
		c.callbackFailed(err)
		return
	}
	if err := c.social.RememberFinished(c.ctx, finished); err != nil {
		c.logger.ErrorContext(c.ctx, "a reload of this callback will lead to the error page", "path", c.r.URL.Path, "error", err)
	}
	c.setCookies(c.kept.Outcome)
	c.write(reply{status: http.StatusFound, location: finished.Location})
}

func (c *call) callbackFailed(err error) {
	if !errors.Is(err, work.ErrSessionEnded) && !errors.Is(err, work.ErrImpersonated) {
		c.work.RefundCharges(c.ctx)
		c.logger.ErrorContext(c.ctx, "callback failed", "path", c.r.URL.Path, "error", err)
	}
	c.sess = &session.Active{Session: login.NewSession(login.Browser, authn.Client{})}
	c.write(reply{status: http.StatusFound, location: c.social.ErrorPage()})
}

// redirectWithForm redirects a browser that posted a provider's response across sites to
// the same path with the encrypted form, because browsers send the session cookie only
// then.
func (c *call) redirectWithForm(providerID string) {
	if err := c.r.ParseForm(); err != nil {
		c.write(reply{status: http.StatusBadRequest})
		return
	}
	sealed, ok := c.social.SealForm(providerID, c.r.PostForm)
	if !ok {
		c.write(reply{status: http.StatusRequestEntityTooLarge})
		return
	}
	query := url.Values{social.ParameterForm: {sealed}}
	c.write(reply{status: http.StatusSeeOther, location: c.r.URL.EscapedPath() + "?" + query.Encode()})
}

// serveCallback runs the callback to its end even if the browser disconnects, because the
// provider's response can be used once only.
func (h *Handler) serveCallback(c *call, providerID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), requestTimeout)
	defer cancel()
	c.ctx, c.fromProvider = ctx, true
	c.callback(providerID)
}
