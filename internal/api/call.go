package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/cookie"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// call is one request on its way through the API.
type call struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	unit    *work.Unit
	path    *resource
	route   *route
	action  action
	attempt ratelimit.Attempt // what the route's limit was charged
	sess    *session.Active
	shown   []session.Shown // the tokens that the client shows
	kept    kept            // what the client has to learn of its session
	claims  claims
	awaited *accounts.AwaitedCode // what the session waits for at a route with awaits
	written bool
	// fromProvider is true for a browser that comes back from a provider.
	fromProvider bool
}

func (c *call) serve(kind login.Kind) {
	if c.r.Method == http.MethodOptions {
		c.w.Header().Set("Allow", c.path.allow())
		c.write(reply{status: http.StatusOK})
		return
	}
	if err := c.load(kind); err != nil {
		c.fail(err)
		return
	}
	if kind == login.Browser && c.checkCSRF() != nil {
		c.write(reply{status: http.StatusForbidden})
		return
	}
	if kind == login.App && c.sess.TokenInvalid {
		c.finish(c.gone())
		return
	}
	answer, err := c.dispatchLogin()
	if errors.Is(err, work.ErrSessionEnded) {
		c.writeEnded()
		return
	}
	if err != nil {
		answer, err = c.replyForError(err)
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.finish(answer, nil)
}

// dispatchLogin is dispatch for a session whose pending login may have come to its
// end: its user may be gone, or have a new password.
func (c *call) dispatchLogin() (reply, error) {
	if !c.action.passes {
		if err := c.sessions.CheckLogin(c.ctx, c.sess); err != nil {
			return reply{}, err
		}
		return c.dispatch()
	}
	answer, err := c.dispatch()
	if !errors.Is(err, work.ErrNotPending) || c.sess.State.Login == nil {
		return answer, err
	}
	if err := c.sessions.CheckLogin(c.ctx, c.sess); err != nil {
		return reply{}, err
	}
	if c.sess.State.Login == nil { // as if it had never been there
		return reply{}, c.findPending()
	}
	return answer, err
}

// dispatch checks the request against its row of the table, in the order that
// clients observe.
func (c *call) dispatch() (reply, error) {
	if c.route.login && !c.sess.Authenticated() {
		return reply{}, work.ErrUnauthenticated
	}
	if err := c.findPending(); err != nil {
		return reply{}, err
	}
	if c.action.do == nil {
		c.w.Header().Set("Allow", c.path.allow())
		return reply{status: http.StatusMethodNotAllowed}, nil
	}
	if c.action.limit != "" {
		if err := c.charge(c.action.limit); err != nil {
			return reply{}, err
		}
	}
	return c.action.do(c)
}

// findPending returns work.ErrNotPending where what the endpoint finishes was never
// begun.
func (c *call) findPending() (err error) {
	if c.route.pending != nil {
		return c.route.pending(c.ctx, c.sess.Session)
	}
	if c.route.awaits != nil {
		c.awaited, err = c.route.awaits(c.ctx, c.sess.Session)
	}
	return err
}

// claims are what the host adds to the access tokens of a user.
type claims struct {
	userID string
	more   map[string]any
}

// kept is what a client needs to come back to a session that was stored.
type kept struct {
	session.Outcome
	tokens tokens.Pair
}

// Keep implements work.Keeper: the session and the tokens of an app are stored
// together.
func (c *call) Keep(ctx context.Context) error {
	issues := c.tokens != nil && c.sess.Kind == login.App && c.sess.Authenticated() && c.sess.GetsToken()
	if issues && c.tokens.AsksHost() && c.claims.userID != c.sess.UserID() {
		return work.AskHost(c.askClaims(c.sess.Identity.User))
	}
	outcome, err := c.sessions.Keep(ctx, c.sess)
	if err != nil {
		return err
	}
	if outcome != (session.Outcome{}) {
		c.kept = kept{Outcome: outcome}
	}
	if !issues {
		return nil
	}
	c.kept.tokens, err = c.tokens.Issue(ctx, c.sess, outcome.Token, c.claims.more)
	return err
}

// askClaims returns a function that asks the host what it adds to the access tokens
// of the user.
func (c *call) askClaims(user *authn.User) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		more, err := c.tokens.Claims(ctx, user)
		if err == nil {
			c.claims = claims{user.ID, more}
		}
		return err
	}
}

// Snapshot implements work.Keeper.
func (c *call) Snapshot() (restore func()) {
	before, undo := c.kept, c.sess.Snapshot()
	return func() {
		c.kept = before
		undo()
	}
}

// KeepsInTx implements work.Keeper.
func (c *call) KeepsInTx() bool { return c.sessions.KeepsInTx() }

// settle stores what the flow left to store of the session, and does what is to be
// done at the end of a request: its errors change no answer. work.ErrSessionEnded
// if the session was ended, or got another token, meanwhile.
func (c *call) settle() error {
	if err := c.keepRest(); err != nil {
		return err
	}
	c.publish(false)
	c.cleanUp()
	return nil
}

// abandon is settle for a request that ends without its session being stored.
func (c *call) abandon() {
	c.publish(true)
	c.cleanUp()
}

// cleanUp does what flows left for the end of the request.
func (c *call) cleanUp() {
	for _, f := range c.unit.TakeAfterwards() {
		if err := f(c.ctx); err != nil {
			c.logger.ErrorContext(c.ctx, "clean-up after a request failed", "path", c.r.URL.Path, "error", err)
		}
	}
}

// keepRest stores a session that changed outside of a transaction, or notes that
// it was used.
func (c *call) keepRest() error {
	if !c.sess.Changed() && !c.sess.Ended() {
		return c.sessions.Touch(c.ctx, c.sess)
	}
	if !c.sess.Rotates() {
		return c.Keep(c.ctx)
	}
	return c.work.InTx(c.ctx, func(context.Context) error { return nil })
}

// finish stores the session and writes the answer.
func (c *call) finish(answer reply, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	err = c.settle()
	if errors.Is(err, work.ErrSessionEnded) {
		c.writeEnded()
		return
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.carry(&answer)
	c.write(answer)
}

// publish hands out the events of this request. Where the session was ended
// meanwhile no user was logged in.
func (c *call) publish(ended bool) {
	for _, event := range c.unit.TakeEvents() {
		if _, login := event.(account.UserLoggedIn); login && ended {
			continue
		}
		c.cfg.Publish(c.ctx, event)
	}
}

// carry gives the client what it needs to come back to its session.
func (c *call) carry(answer *reply) {
	if c.sess.Kind == login.Browser {
		c.setCookies(c.kept.Outcome)
		return
	}
	if c.kept.Token == "" {
		return
	}
	if answer.meta == nil {
		answer.meta = &meta{}
	}
	answer.meta.SessionToken = c.kept.Token
	answer.meta.AccessToken, answer.meta.RefreshToken = c.kept.tokens.Access, c.kept.tokens.Refresh
}

// writeEnded answers a request whose session was ended, or got another token,
// while it was under way. Nothing in the answer makes the client forget its
// session, which may have a newer token by now.
func (c *call) writeEnded() {
	c.abandon()
	c.sess = &session.Active{Session: login.NewSession(c.sess.Kind, c.sess.Client)}
	c.answer(c.authentication())
}

// fail answers when the server could not do its part. What was stored before is
// told to the host, and attempts are refunded.
func (c *call) fail(err error) {
	c.abandon()
	c.work.RefundCharges(c.ctx)
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

// charge charges a limit for the client and the user.
func (c *call) charge(action string) (err error) {
	c.attempt, err = c.work.Limits.Take(c.ctx, action, c.account.LimitSubject(action, c.sess.Session))
	return err
}

// load finds the session of the request. An app that shows an access token of a
// session which has ended gets 401 rather than 410 where tokens are checked
// against their session.
func (c *call) load(kind login.Kind) (err error) {
	client := c.cfg.Client(c.r)
	if kind == login.Browser {
		c.shown = c.sessions.FromCookies(c.r)
	} else {
		c.shown = session.FromApp(c.r.Header.Get("X-Session-Token"))
	}
	byToken := kind == login.App && c.tokens != nil && len(c.shown) == 0
	if byToken {
		sessionToken, _ := c.tokens.SessionToken(c.tokens.FromHeader(c.r.Header))
		c.shown = session.FromApp(sessionToken)
	}
	c.sess, err = c.sessions.Load(c.ctx, kind, client, c.shown...)
	if err == nil && byToken && c.sess.TokenInvalid && !c.tokens.Stateless() {
		c.sess, err = c.sessions.Load(c.ctx, kind, client)
	}
	if err == nil {
		c.sess.ReadCookies = c.cookies
		c.unit.SetKeeper(c)
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
