package headless

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/cookie"
	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
)

// call is one request on its way through the API.
type call struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	route   *route
	sess    *sessions.Active
	shown   []sessions.Shown // the tokens that the client shows
	written bool
	// fromProvider is true for a browser that comes back from a provider.
	fromProvider bool
}

func (c *call) serve(kind flow.Kind) {
	if c.r.Method == http.MethodOptions {
		c.w.Header().Set("Allow", c.route.allow())
		c.write(reply{status: http.StatusOK})
		return
	}
	if err := c.load(kind); err != nil {
		c.fail(err)
		return
	}
	if kind == flow.Browser && c.checkCSRF() != nil {
		c.write(reply{status: http.StatusForbidden})
		return
	}
	if kind == flow.App && c.sess.Dead {
		c.finish(c.gone())
		return
	}
	answer, err := c.dispatch()
	if errors.Is(err, flow.ErrSessionEnded) {
		c.writeEnded()
		return
	}
	if err != nil {
		answer, err = c.explain(err)
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.finish(answer, nil)
}

func (c *call) dispatch() (reply, error) {
	if c.route.login && !c.sess.Authenticated() {
		return reply{}, flow.ErrUnauthenticated
	}
	if c.route.pending != nil {
		if err := c.route.pending(c.ctx, c.sess.Session); err != nil {
			return reply{}, err
		}
	}
	do := c.route.endpoint(c.r.Method)
	if do == nil {
		c.w.Header().Set("Allow", c.route.allow())
		return reply{status: http.StatusMethodNotAllowed}, nil
	}
	return do(c)
}

// finish stores the session and writes the answer.
func (c *call) finish(answer reply, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	outcome, err := c.sessions.Commit(c.ctx, c.sess)
	if errors.Is(err, flow.ErrSessionEnded) {
		c.publish(true)
		c.writeEnded()
		return
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.publish(false)
	if err := c.carry(outcome, &answer); err != nil {
		c.fail(err)
		return
	}
	c.write(answer)
}

// publish hands out the events of this request. Where the session was ended
// meanwhile nobody was logged in.
func (c *call) publish(ended bool) {
	for _, event := range c.sess.TakeEvents() {
		if _, login := event.(flow.LoggedIn); login && ended {
			continue
		}
		c.cfg.Publish(c.ctx, event)
	}
}

// carry gives the client what it needs to come back to its session.
func (c *call) carry(outcome sessions.Outcome, answer *reply) error {
	if c.sess.Kind == flow.Browser {
		c.setCookies(outcome)
		return nil
	}
	if outcome.Token == "" {
		return nil
	}
	if answer.meta == nil {
		answer.meta = &meta{}
	}
	answer.meta.SessionToken = outcome.Token
	if c.tokens == nil || !c.sess.Authenticated() {
		return nil
	}
	pair, err := c.tokens.Issue(c.ctx, c.sess, outcome.Token)
	answer.meta.AccessToken, answer.meta.RefreshToken = pair.Access, pair.Refresh
	return err
}

// writeEnded answers a request whose session was ended, or got another token,
// while it was under way. Nothing in the answer makes the client forget its
// session, which may have a newer token by now.
func (c *call) writeEnded() {
	c.sess = &sessions.Active{Session: flow.NewSession(c.sess.Kind, c.sess.Client)}
	c.answer(c.authentication())
}

// explain turns the refusals of a flow into answers. What it does not know is
// returned.
func (c *call) explain(err error) (reply, error) {
	var many authn.Errors
	var one *authn.Error
	var limited *ratelimit.LimitError
	switch {
	case errors.As(err, &many):
		return reply{status: http.StatusBadRequest, errors: many}, nil
	case errors.As(err, &one):
		return reply{status: http.StatusBadRequest, errors: authn.Errors{one}}, nil
	case errors.As(err, &limited):
		return c.tooMany(limited.RetryAfter), nil
	case errors.Is(err, password.ErrBusy):
		return c.tooMany(2 * time.Second), nil
	case errors.Is(err, password.ErrTooLong):
		return reply{status: http.StatusBadRequest, errors: authn.Errors{problem("password", "max_length")}}, nil
	case errors.Is(err, mfa.ErrUnverifiedEmail):
		return reply{status: http.StatusConflict, errors: authn.Errors{mfa.Problem("", "unverified_email")}}, nil
	case errors.Is(err, mfa.ErrTooManyKeys):
		return reply{status: http.StatusConflict, errors: authn.Errors{mfa.Problem("", "max_security_keys")}}, nil
	case errors.Is(err, flow.ErrNotPending):
		return reply{status: http.StatusConflict}, nil
	case errors.Is(err, flow.ErrForbidden):
		return reply{status: http.StatusForbidden}, nil
	case errors.Is(err, flow.ErrUnauthenticated):
		return c.authentication()
	case errors.Is(err, flow.ErrStageNotPending):
		return c.noStage()
	case errors.Is(err, flow.ErrReauthenticate):
		return c.reauthentication()
	}
	var body *bodyError
	if errors.As(err, &body) {
		return reply{status: body.status, errors: authn.Errors{problem("", body.code)}}, nil
	}
	return reply{}, err
}

func (c *call) tooMany(wait time.Duration) reply {
	seconds := int((wait + time.Second - 1) / time.Second)
	c.w.Header().Set("Retry-After", strconv.Itoa(max(seconds, 1)))
	return reply{status: http.StatusTooManyRequests}
}

// fail answers when the server could not do its part. Nothing is stored.
func (c *call) fail(err error) {
	if errors.Is(err, context.Canceled) {
		c.logger.DebugContext(c.ctx, "client went away", "path", c.r.URL.Path)
	} else {
		c.logger.ErrorContext(c.ctx, "request failed", "path", c.r.URL.Path, "error", err)
	}
	if errors.Is(err, hook.ErrPanic) {
		c.write(reply{status: http.StatusInternalServerError})
		return
	}
	c.w.Header().Set("Retry-After", "5")
	c.write(reply{status: http.StatusServiceUnavailable})
}

// limit charges an action to the client's address and the logged-in user.
func (c *call) limit(action string) error {
	_, err := c.take(action)
	return err
}

// take is limit for an attempt that may be refunded.
func (c *call) take(action string) (ratelimit.Attempt, error) {
	return c.limits.Take(c.ctx, action, ratelimit.Subject{IP: c.sess.Client.IP, User: c.sess.UserID()})
}

// load finds the session of the request. An app that shows an access token of a
// session which has ended gets 401 rather than 410 where tokens are checked
// against their session.
func (c *call) load(kind flow.Kind) (err error) {
	client := c.cfg.Client(c.r)
	if kind == flow.Browser {
		c.shown = c.sessions.FromCookies(c.r)
	} else {
		c.shown = sessions.FromApp(c.r.Header.Get("X-Session-Token"))
	}
	byToken := kind == flow.App && c.tokens != nil && len(c.shown) == 0
	if byToken {
		sessionToken, _ := c.tokens.SessionToken(c.tokens.FromHeader(c.r.Header))
		c.shown = sessions.FromApp(sessionToken)
	}
	c.sess, err = c.sessions.Load(c.ctx, kind, client, c.shown...)
	if err == nil && byToken && c.sess.Dead && !c.tokens.Stateless() {
		c.sess, err = c.sessions.Load(c.ctx, kind, client)
	}
	if err == nil {
		c.sess.ReadCookies = c.cookies
	}
	return err
}

// cookies returns the values of an HttpOnly cookie beside that of the session.
func (c *call) cookies(name string) []string {
	var texts []string
	for _, value := range cookie.Values(c.r, name, keyring.IsSigned) {
		texts = append(texts, value.Text)
	}
	return texts
}
