package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/cookie"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// call is a request of the API.
type call struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	ctx     context.Context
	unit    *work.Unit
	path    *resource
	route   *route
	action  action
	attempt ratelimit.Attempt // the charge of the route's limit
	sess    *session.Active
	shown   []session.Shown // the session tokens in the request
	kept    kept            // the stored session, for the response
	claims  claims
	awaited *accounts.AwaitedCode // the pending code, on routes with awaits
	written bool
	status  int // of the answer, 0 before
	// end tells the observer that the request has ended. Nil: there is no observer.
	end func(outcome string)
	// fromProvider is true for the callback of a provider.
	fromProvider bool
	// hostMethod is the method of the host's request that makes this one in process,
	// empty for a request of a client.
	hostMethod string
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

// dispatchLogin is dispatch for a session whose pending login may be invalid, because its
// user was deleted or has a new password. It ends such a login first.
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
	if c.sess.State.Login == nil { // the same answer as without a login
		return reply{}, c.findPending()
	}
	return answer, err
}

// dispatch checks the request against its row of the table, in the order that
// clients observe.
func (c *call) dispatch() (reply, error) {
	// An impersonation that is over counts, so that a late request which was meant for
	// the other user does not concern the actor.
	if c.sess.Actor != nil && !c.route.impersonated {
		return reply{}, work.ErrImpersonated
	}
	if c.route.login && !c.sess.Authenticated() && !(c.action.enrolls && factors.Enrolls(c.sess.Session)) {
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

// findPending returns an error unless the session has the pending login or flow that the
// route requires. It sets c.awaited on routes with awaits.
func (c *call) findPending() (err error) {
	if c.route.pending != nil {
		return c.route.pending(c.ctx, c.sess.Session)
	}
	if c.route.awaits != nil {
		c.awaited, err = c.route.awaits(c.ctx, c.sess.Session)
	}
	return err
}

// claims are the claims that the host adds to the access tokens of a user.
type claims struct {
	userID string
	more   map[string]any
}

// kept holds the tokens by which the client finds its stored session again.
type kept struct {
	session.Outcome
	tokens tokens.Pair
}

// Keep implements work.Keeper. It stores the session together with the tokens of an app.
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

// askClaims returns a function that asks the host for the claims of the user's access
// tokens.
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

// NeedsTx implements work.Keeper. The host is asked for claims outside of a
// transaction that has begun.
func (c *call) NeedsTx() bool { return c.sess.Rotates() || c.sessions.NeedsTx(c.sess) }

// KeepsInTx implements work.Keeper.
func (c *call) KeepsInTx() bool { return c.sessions.KeepsInTx() }

// complete stores the session unless a transaction has, publishes events, and calls the
// functions for the end of the request, whose errors do not change the answer. Returns
// work.ErrSessionEnded if another request ended the session, or gave it another token.
func (c *call) complete() error {
	if err := c.keepRest(); err != nil {
		return err
	}
	c.work.Finish(c.ctx, c.r.URL.Path)
	return nil
}

// abort is complete for a request whose session is not stored, so that there was no login.
func (c *call) abort() {
	c.unit.DropEvents(func(e authn.Event) bool {
		_, login := e.Details.(account.UserLoggedIn)
		return login
	})
	c.work.Finish(c.ctx, c.r.URL.Path)
}

// keepRest stores a session that changed outside of a transaction, or the time of its use.
func (c *call) keepRest() error {
	if !c.sess.Changed() && !c.sess.Ended() {
		return c.sessions.Touch(c.ctx, c.sess)
	}
	return c.work.Keep(c.ctx, func() {})
}

// finish stores the session and writes the answer.
func (c *call) finish(answer reply, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	err = c.complete()
	if errors.Is(err, work.ErrSessionEnded) {
		c.writeEnded()
		return
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.addTokens(&answer)
	c.write(answer)
}

// addTokens adds the tokens of the stored session to the answer: cookies for a browser,
// members of meta for an app.
func (c *call) addTokens(answer *reply) {
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

// writeEnded answers a request whose session was ended, or got another token, while it was
// in flight. The answer clears no token of the client, which may have a newer one by
// now.
func (c *call) writeEnded() {
	c.abort()
	c.sess = &session.Active{Session: login.NewSession(c.sess.Kind, c.sess.Client)}
	c.answer(c.authentication())
}

// fail answers a request that failed on the server's side. It publishes the events of
// what was stored before, and refunds the charged limits: those of the route if nothing
// was stored.
func (c *call) fail(err error) {
	if c.unit.Commits() == 0 {
		work.Afterwards(c.ctx, c.attempt.Refund)
	}
	c.abort()
	c.work.RefundCharges(c.ctx)
	if errors.Is(err, context.Canceled) {
		c.logger.DebugContext(c.ctx, "client disconnected", "path", c.r.URL.Path)
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

// load loads the session of the request. For an app with an access token whose session
// has ended it sets an anonymous session, so that the answer is 401 and not 410, unless
// tokens are stateless.
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
	if len(c.shown) == 0 {
		c.logOtherCredential(kind)
	}
	if err == nil {
		c.sess.ReadCookies = c.cookies
		c.use(c.sess)
	}
	return err
}

// use makes the session that of the request.
func (c *call) use(sess *session.Active) {
	c.sess = sess
	c.unit.SetKeeper(c)
	c.unit.SetOrigin(c.origin)
}

// origin returns the user and the session of the request.
func (c *call) origin() work.Origin {
	return work.Origin{ActorID: c.sess.ActorID(), SessionID: c.sess.RowID, Client: c.sess.Client, AcceptLanguage: c.acceptLanguage()}
}

// logOtherCredential logs that a client without a credential of its kind sent one of the
// other kind, for developers who mixed up the two.
func (c *call) logOtherCredential(kind login.Kind) {
	switch {
	case kind == login.Browser && c.r.Header.Get("X-Session-Token") != "":
		c.logger.DebugContext(c.ctx, "an app's session token was sent to browser/, which reads cookies", "path", c.r.URL.Path)
	case kind == login.App && len(c.sessions.FromCookies(c.r)) > 0:
		c.logger.DebugContext(c.ctx, "a browser cookie was sent to app/, which reads X-Session-Token", "path", c.r.URL.Path)
	}
}

// cookies returns the values of an HttpOnly cookie that flows set.
func (c *call) cookies(name string) []string {
	var texts []string
	for _, value := range cookie.Values(c.r, name, keyring.IsSigned) {
		texts = append(texts, value.Text)
	}
	return texts
}
