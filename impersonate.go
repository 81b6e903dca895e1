package allauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/api"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/problem"
)

// Impersonate makes the user of the session of r, the actor, act as another user, for
// example to see what a customer sees. It requires Middleware around the handler, and
// RequireRecentMFA, which asks the actor for a second factor if none is recent. reason is
// for the audit.
//
// The session gets a new token: that of a browser in its cookie, that of an app in the
// header X-Session-Token of the response, with an access token in X-Access-Token if
// Config.Tokens is set. It must be called before the response is written. From the next
// request on UserFrom returns the other user and ActorFrom the actor. The impersonation
// ends after an hour at the latest, or when the session of the actor would end. Of the API
// it reaches GET config, GET auth/session, and DELETE auth/session, which makes it the
// session of the actor again.
//
// It returns [errors.ErrUnsupported] if Config.MayImpersonate is nil, [authn.Errors] if
// the reason is empty, [authn.ErrNotFound] if there is no such user, the error of
// MayImpersonate, and [authn.ErrForbidden] if the user is disabled or the actor, the actor
// acts as another user already or has no recent second factor, or another site or a link
// caused the request of a browser.
func (a *Auth) Impersonate(w http.ResponseWriter, r *http.Request, userID, reason string) error {
	if err := a.impersonate(w, r, userID, reason); err != nil {
		return fmt.Errorf("allauth: impersonate: %w", err)
	}
	return nil
}

func (a *Auth) impersonate(w http.ResponseWriter, r *http.Request, userID, reason string) error {
	by := a.sessionFrom(r.Context())
	switch {
	case a.cfg.MayImpersonate == nil:
		return fmt.Errorf("Config.MayImpersonate is nil: %w", errors.ErrUnsupported)
	case strings.TrimSpace(reason) == "":
		return problem.List("reason", code.Required)
	case by == nil:
		return authn.ErrForbidden
	}
	after, err := a.handler.Impersonate(w, r, api.HostImpersonation{UserID: userID, Reason: reason, By: by, May: a.cfg.MayImpersonate})
	if err != nil || by.Kind == login.Browser {
		return err
	}
	w.Header().Set("X-Session-Token", after.SessionToken)
	if after.AccessToken != "" {
		w.Header().Set("X-Access-Token", after.AccessToken)
	}
	return nil
}

// ActorFrom returns the user who acts as the user of UserFrom, and whether there is one,
// see Impersonate. It requires Middleware of the same Auth around the handler. With
// Tokens.StatelessValidation the user has only an ID.
func (a *Auth) ActorFrom(ctx context.Context) (*authn.User, bool) {
	session := a.sessionFrom(ctx)
	if session == nil || !session.Authenticated() || session.Actor == nil {
		return nil, false
	}
	return session.Actor.User, true
}
