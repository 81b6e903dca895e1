package allauth

import (
	"context"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/sessions"
)

type contextKey struct{}

// Middleware finds out who makes a request to the host's own routes, by the
// session cookie, the X-Session-Token header or, if Config.Tokens is set, an
// access token in the Authorization header, for UserFrom and RequireLogin.
// The API's own routes may lie under it as well. A request whose session can
// not be looked up is answered with 503.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, a.cfg.Headless.BasePath+"/") {
			next.ServeHTTP(w, r)
			return
		}
		session, err := a.load(r)
		if err != nil {
			a.cfg.Logger.ErrorContext(r.Context(), "session not loaded", "error", err)
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, session)))
	})
}

func (a *Auth) load(r *http.Request) (*sessions.Active, error) {
	kind, token := flow.App, r.Header.Get("X-Session-Token")
	if a.tokens != nil && token == "" {
		if access := a.tokens.FromHeader(r.Header); access != "" {
			return a.tokens.Load(r.Context(), access, a.client(r))
		}
	}
	if cookie, err := r.Cookie(a.cfg.Sessions.CookieName); token == "" && err == nil {
		kind, token = flow.Browser, cookie.Value
	}
	session, err := a.sessions.Load(r.Context(), kind, token, a.client(r))
	if err != nil {
		return nil, err
	}
	_, err = a.sessions.Commit(r.Context(), session) // notes that it was used
	return session, err
}

// UserFrom returns the user who makes the request, and whether there is one. It
// needs Middleware around the handler.
func UserFrom(ctx context.Context) (*authn.User, bool) {
	session, ok := ctx.Value(contextKey{}).(*sessions.Active)
	if !ok || !session.Authenticated() {
		return nil, false
	}
	return session.Identity.User, true
}

// MethodsFrom returns the proofs of identity that the user gave in this
// session, oldest first. It needs Middleware around the handler.
func MethodsFrom(ctx context.Context) []authn.Method {
	session, ok := ctx.Value(contextKey{}).(*sessions.Active)
	if !ok || !session.Authenticated() {
		return nil
	}
	return session.State.Methods
}

// RequireLogin lets a request through if somebody is logged in, and answers 401
// in the form of the API otherwise. It needs Middleware around it.
func (a *Auth) RequireLogin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := UserFrom(r.Context()); !ok {
			a.handler.WriteUnauthorized(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// RequireRecent lets a request through if the user proved who they are within
// Account.ReauthenticationTimeout, and answers 401 with the ways to do so
// otherwise. It needs Middleware around it.
func (a *Auth) RequireRecent(next http.Handler) http.Handler {
	return a.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := r.Context().Value(contextKey{}).(*sessions.Active)
		recent, err := a.pipeline.Recent(r.Context(), session.Session, a.cfg.Account.ReauthenticationTimeout)
		if err != nil || !recent {
			a.handler.WriteReauthentication(w, r, session, err)
			return
		}
		next.ServeHTTP(w, r)
	}))
}
