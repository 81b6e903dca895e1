package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// HostLogin is a login of a user whom the host has authenticated.
type HostLogin struct {
	UserID string
	// Methods are recorded in the session.
	Methods []authn.Method
	// Skipped are the stages that the login does not enter.
	Skipped []string
}

// HostSession is the session of a client after a call of the host.
type HostSession struct {
	// User is nil unless a user is logged in.
	User *authn.User
	// Pending is the stage at which a login waits, empty if there is none.
	Pending string
	// SessionToken, AccessToken and RefreshToken are the new tokens of an app.
	SessionToken, AccessToken, RefreshToken string
}

// LogIn logs in a user in the browser of a request to a route of the host.
func (h *Handler) LogIn(w http.ResponseWriter, r *http.Request, in HostLogin) (HostSession, error) {
	return h.change(w, r, login.Browser, func(c *call) error { return c.logIn(in) })
}

// LogInApp logs in a user in a new session of an app.
func (h *Handler) LogInApp(ctx context.Context, client authn.Client, in HostLogin) (HostSession, error) {
	r := (&http.Request{URL: &url.URL{}, Header: http.Header{}}).WithContext(ctx)
	return h.changeFound(nil, r, func(c *call) error {
		c.use(&session.Active{Session: login.NewSession(login.App, client)})
		return c.logIn(in)
	})
}

// LogOut ends the session of a request to a route of the host, as the API does.
func (h *Handler) LogOut(w http.ResponseWriter, r *http.Request, kind login.Kind) error {
	_, err := h.change(w, r, kind, (*call).logOut)
	return err
}

// change loads the session of a request to a route of the host, calls f, stores the session
// and sets the cookies of a browser. Returns the error of f, and authn.ErrConflict if another
// request changed the session meanwhile.
func (h *Handler) change(w http.ResponseWriter, r *http.Request, kind login.Kind, f func(c *call) error) (HostSession, error) {
	return h.changeFound(w, r, func(c *call) error {
		if err := c.load(kind); err != nil {
			return err
		}
		return f(c)
	})
}

// changeFound is change for an f that sets the session.
func (h *Handler) changeFound(w http.ResponseWriter, r *http.Request, f func(c *call) error) (after HostSession, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), requestTimeout)
	defer cancel()
	ctx, unit := h.work.Begin(ctx)
	c := &call{Handler: h, w: w, r: r, ctx: ctx, unit: unit}
	defer func() {
		if value := recover(); value != nil {
			err = hook.Recovered(ctx, h.logger, "a call of the host", value)
		}
	}()
	err = c.settle(f(c))
	if errors.Is(err, work.ErrSessionEnded) {
		err = authn.ErrConflict
	}
	if err != nil {
		return HostSession{}, err
	}
	if c.sess.Kind == login.App {
		after = HostSession{SessionToken: c.kept.Token, AccessToken: c.kept.tokens.Access, RefreshToken: c.kept.tokens.Refresh}
	}
	if c.sess.Authenticated() {
		after.User = c.sess.Identity.User
	} else if l := c.sess.Login(); l != nil {
		after.Pending = l.Stage
	}
	return after, nil
}

// settle stores the session after a call of the host, also if the call was refused, and
// sets the cookies of a browser. Returns err, or why the session was not stored.
func (c *call) settle(err error) error {
	if err != nil && !isRefusal(err) {
		c.abort()
		c.work.RefundCharges(c.ctx)
		return err
	}
	if failed := c.complete(); failed != nil {
		c.abort()
		return failed
	}
	if c.sess.Kind == login.Browser {
		c.setCookies(c.kept.Outcome)
	}
	return err
}

// isRefusal reports whether an error refuses a login, as opposed to a failure.
func isRefusal(err error) bool {
	var one *authn.Error
	var many authn.Errors
	return errors.As(err, &one) || errors.As(err, &many) ||
		errors.Is(err, ratelimit.ErrLimited) || errors.Is(err, authn.ErrForbidden) || errors.Is(err, authn.ErrNotFound)
}

// logIn starts the login of a user whom the host has authenticated. As after a login through
// a provider, another user is logged out, and one who is logged in already reauthenticates.
// Returns authn.ErrNotFound if there is no such user, and authn.ErrForbidden if the user is
// disabled, or if the session is an impersonation.
func (c *call) logIn(in HostLogin) error {
	if c.sess.Actor != nil {
		return authn.ErrForbidden
	}
	if _, err := c.identify(in.UserID); err != nil {
		return err
	}
	err := c.pipeline.Change(c.ctx, c.sess.Session, in.UserID, func(ctx context.Context) error {
		if c.sess.Authenticated() && c.sess.UserID() != in.UserID {
			c.account.Logout(ctx, c.sess.Session)
		}
		again := c.sess.Authenticated()
		for _, m := range in.Methods {
			m.Reauthenticated = again
			c.sess.AddMethod(in.UserID, m)
		}
		if again {
			c.sess.Rotate()
			return nil
		}
		return c.pipeline.Start(ctx, c.sess.Session, login.Attempt{UserID: in.UserID, Skipped: in.Skipped})
	})
	if err == nil && !c.sess.Authenticated() && c.sess.Login() == nil {
		return authn.ErrForbidden // another request has disabled the user meanwhile
	}
	return err
}

// identify returns the identity of a user of whom the host has the id. Returns
// authn.ErrNotFound if there is none, authn.ErrForbidden if the user is disabled.
func (c *call) identify(userID string) (*login.Identity, error) {
	if userID == "" { // the id of a decoy
		return nil, authn.ErrNotFound
	}
	id, err := c.account.Identify(c.ctx, userID)
	if err == nil && id.User.Disabled {
		err = authn.ErrForbidden
	}
	return id, err
}

// logOut ends the session, or only the impersonation in it.
func (c *call) logOut() error {
	return c.work.Keep(c.ctx, func() {
		if c.sess.State.Impersonation == nil {
			c.account.Logout(c.ctx, c.sess.Session)
			return
		}
		work.Emit(c.ctx, c.sess.State.UserID, impersonationEnded)
		if c.sess.Actor == nil { // another request has disabled the actor
			c.sess.End()
			return
		}
		c.sess.EndImpersonation()
	})
}
