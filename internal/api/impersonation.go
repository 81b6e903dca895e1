package api

import (
	"context"
	"net/http"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/sessions"
)

// impersonationLifetime is how long an impersonation lasts at most.
const impersonationLifetime = time.Hour

var impersonationEnded = sessions.ImpersonationEnded{}

// HostImpersonation is an impersonation that a route of the host asks for.
type HostImpersonation struct {
	UserID, Reason string
	// By is the session that the middleware has loaded.
	By *session.Active
	// May is the host's decision.
	May func(ctx context.Context, actor, target *authn.User, reason string) error
}

// Impersonate makes the user of a request to a route of the host act as another one.
// Returns authn.ErrNotFound if there is no such user, and authn.ErrForbidden unless the
// request comes from a page of the host, and its user has authenticated with a second factor
// recently and is not impersonated.
func (h *Handler) Impersonate(w http.ResponseWriter, r *http.Request, in HostImpersonation) (HostSession, error) {
	return h.change(w, r, in.By.Kind, func(c *call) error {
		switch {
		case in.By.Kind == login.Browser && !c.causedByOwnPage(r.Method),
			!c.sess.Authenticated(), c.sess.Actor != nil,
			c.sess.UserID() != in.By.UserID(), c.sess.UserID() == in.UserID:
			return authn.ErrForbidden
		}
		recent, err := c.pipeline.Satisfies(c.ctx, c.sess.Session, login.Policy{MFA: true, MaxAge: c.work.ReauthenticationTimeout})
		if err != nil {
			return err
		}
		if !recent {
			return authn.ErrForbidden
		}
		target, err := c.identify(in.UserID)
		if err != nil {
			return err
		}
		if err := in.May(c.ctx, c.sess.Identity.User, target.User, in.Reason); err != nil {
			return err
		}
		return c.pipeline.Change(c.ctx, c.sess.Session, c.sess.UserID(), func(ctx context.Context) error {
			endsAt := c.work.Now().Add(impersonationLifetime)
			if expires := c.sess.Row().ExpiresAt; expires.Before(endsAt) {
				endsAt = expires
			}
			c.sess.Impersonate(target, endsAt)
			work.Emit(ctx, in.UserID, sessions.ImpersonationStarted{Reason: in.Reason, EndsAt: endsAt})
			return nil
		})
	})
}

// showSession answers with the session. It makes the session that of the actor again if
// their impersonation is over.
func (h *Handler) showSession(c *call) (reply, error) {
	if c.sess.Actor != nil && !c.sess.Authenticated() {
		return c.outcome(c.logOut())
	}
	return c.authentication()
}

// impersonation is meta.impersonation.
type impersonation struct {
	Actor  actor   `json:"actor"`
	EndsAt float64 `json:"ends_at"`
}

// actor is the user who acts as another one.
type actor struct {
	ID      any    `json:"id"`
	Display string `json:"display,omitempty"`
}

// impersonation returns the value of meta.impersonation, nil if there is none.
func (c *call) impersonation() *impersonation {
	i := c.sess.State.Impersonation
	if i == nil || !c.sess.Authenticated() {
		return nil
	}
	return &impersonation{actor{userID(i.ActorID), c.account.Display(c.sess.Actor)}, authn.Seconds(i.EndsAt)}
}
