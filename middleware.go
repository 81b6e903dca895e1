package allauth

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/hook"
	"github.com/allauth-go/allauth/internal/login"
	"github.com/allauth-go/allauth/internal/session"
)

// contextKey belongs to one Auth, so that another one in the same process does
// not take its users for its own.
type contextKey struct{ auth *Auth }

// sessionFrom returns the session that Middleware of this Auth found, nil if
// Middleware was not there.
func (a *Auth) sessionFrom(ctx context.Context) *session.Active {
	session, _ := ctx.Value(contextKey{a}).(*session.Active)
	return session
}

// Middleware finds the user who makes a request to the host's own routes, for
// UserFrom and RequireLogin: by the X-Session-Token header, by an access token in
// the Authorization header if Config.Tokens is set, or by the session cookie. The
// API's own routes may lie under it as well. A request whose session cannot be
// looked up is answered with 503.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, a.cfg.Headless.BasePath+"/") {
			next.ServeHTTP(w, r)
			return
		}
		session, err := a.load(r)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{a}, session)))
	})
}

// fail answers a request whose session cannot be looked up.
func (a *Auth) fail(w http.ResponseWriter, r *http.Request, err error) {
	a.cfg.Logger.ErrorContext(r.Context(), "session not loaded", "error", err)
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

// load finds the session of a request, by whatever a client of the kinds that
// are served may show.
func (a *Auth) load(r *http.Request) (found *session.Active, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = hook.Recovered(r.Context(), a.cfg.Logger, "Middleware", value)
		}
	}()
	found = &session.Active{Session: login.NewSession(a.handler.KindOf(r), a.client(r))}
	if shown := session.FromApp(r.Header.Get("X-Session-Token")); len(shown) > 0 && a.serves(login.App) {
		return a.use(r, login.App, shown)
	}
	if a.tokens != nil && a.serves(login.App) {
		// A token that logs nobody in, such as one for another service, does not
		// hide a cookie that does.
		byToken, err := a.tokens.Load(r.Context(), a.tokens.FromHeader(r.Header), a.client(r))
		if err != nil || byToken.Authenticated() {
			return byToken, err
		}
	}
	if shown := a.sessions.FromCookies(r); len(shown) > 0 && a.serves(login.Browser) {
		return a.use(r, login.Browser, shown)
	}
	return found, nil
}

// use loads a session and notes that it was used.
func (a *Auth) use(r *http.Request, kind login.Kind, shown []session.Shown) (*session.Active, error) {
	session, err := a.sessions.Load(r.Context(), kind, a.client(r), shown...)
	if err != nil {
		return nil, err
	}
	return session, a.sessions.Touch(r.Context(), session)
}

func (a *Auth) serves(kind login.Kind) bool {
	return slices.Contains(a.cfg.Headless.Clients, string(kind))
}

// requireSession passes a request of a logged-in user on with the stored session,
// and answers others like RequireLogin. A stateless access token is no session,
// so its session is loaded here.
func (a *Auth) requireSession(next func(w http.ResponseWriter, r *http.Request, session *session.Active)) http.Handler {
	return a.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session := a.sessionFrom(r.Context())
		if session.Row() != nil {
			next(w, r, session)
			return
		}
		session, err := a.tokens.LoadSession(r.Context(), a.tokens.FromHeader(r.Header), a.client(r))
		if err != nil {
			a.fail(w, r, err)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), contextKey{a}, session))
		a.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next(w, r, session) })).ServeHTTP(w, r)
	}))
}

// UserFrom returns the user who makes the request, and whether there is one. It
// needs Middleware of the same Auth around the handler.
func (a *Auth) UserFrom(ctx context.Context) (*authn.User, bool) {
	session := a.sessionFrom(ctx)
	if session == nil || !session.Authenticated() {
		return nil, false
	}
	return session.Identity.User, true
}

// MethodsFrom returns the proofs of identity that the user gave in this
// session, oldest first. It needs Middleware of the same Auth around the
// handler.
func (a *Auth) MethodsFrom(ctx context.Context) []authn.Method {
	session := a.sessionFrom(ctx)
	if session == nil || !session.Authenticated() {
		return nil
	}
	return session.State.Methods
}

// RequireLogin passes the requests of logged-in users on, and answers others
// with 401 in the form of the API. It needs Middleware of the same Auth around
// it.
func (a *Auth) RequireLogin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := a.UserFrom(r.Context()); !ok {
			a.handler.WriteUnauthorized(w, r, a.sessionFrom(r.Context()))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// RequireRecent passes a request on if the user proved their identity within
// Config.ReauthenticationTimeout, and answers 401 with the ways to do so
// otherwise. It needs Middleware of the same Auth around it.
func (a *Auth) RequireRecent(next http.Handler) http.Handler {
	return a.requireSession(func(w http.ResponseWriter, r *http.Request, session *session.Active) {
		recent, err := a.pipeline.Recent(r.Context(), session.Session)
		if err != nil || !recent {
			a.handler.WriteReauthentication(w, r, session, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
