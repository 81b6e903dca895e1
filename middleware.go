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

// contextKey is the context key of one Auth, so that another Auth in the same
// process does not use its users.
type contextKey struct{ auth *Auth }

// sessionFrom returns the session that Middleware of this Auth has loaded, or nil
// without Middleware.
func (a *Auth) sessionFrom(ctx context.Context) *session.Active {
	session, _ := ctx.Value(contextKey{a}).(*session.Active)
	return session
}

// Middleware loads the session of requests to the host's own routes, for UserFrom
// and RequireLogin: by the X-Session-Token header, by an access token in the
// Authorization header if Config.Tokens is set, or by the session cookie. It may
// also wrap the API's own routes. If the store fails, it answers with status 503.
//
// The API refuses requests that other sites cause. Routes of the host that change
// something must do so, too: wrap those that browsers call in ProtectForms.
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

// fail answers a request whose session could not be loaded.
func (a *Auth) fail(w http.ResponseWriter, r *http.Request, err error) {
	a.cfg.Logger.ErrorContext(r.Context(), "session not loaded", "error", err)
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

// load loads the session of a request by the credentials of a client of the kinds
// that are served.
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
		// A token without a user, such as one for another service, does not hide
		// a cookie with one.
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

// use loads a session and records its use.
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

// requireSession calls next for requests of logged-in users, with the stored
// session, and answers others like RequireLogin, and users who act as others with
// status 403. With a stateless access token the session is loaded here.
func (a *Auth) requireSession(next func(w http.ResponseWriter, r *http.Request, session *session.Active)) http.Handler {
	return a.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session := a.sessionFrom(r.Context())
		if session.Actor != nil {
			a.handler.WriteImpersonated(w, r)
			return
		}
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
// requires Middleware of the same Auth around the handler.
func (a *Auth) UserFrom(ctx context.Context) (*authn.User, bool) {
	session := a.sessionFrom(ctx)
	if session == nil || !session.Authenticated() {
		return nil, false
	}
	return session.Identity.User, true
}

// MethodsFrom returns how the user authenticated in this session, oldest first.
// It requires Middleware of the same Auth around the handler.
func (a *Auth) MethodsFrom(ctx context.Context) []authn.Method {
	session := a.sessionFrom(ctx)
	if session == nil || !session.Authenticated() {
		return nil
	}
	return session.State.Methods
}

// RequireLogin calls next for requests of logged-in users, and answers others
// with status 401 as the API does. It requires Middleware of the same Auth around
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

// ProtectForms answers with status 403 if a page of another site caused a request that may
// change something (CSRF), as the headers Sec-Fetch-Site, Origin and Referer show. Pages of
// Config.BaseURL, Config.TrustedOrigins and Headless.CORSOrigins are trusted. GET, HEAD and
// OPTIONS pass, so routes for them must change nothing, and so do requests without these
// headers, which browsers do not send. It needs no Middleware and no token in the form.
func (a *Auth) ProtectForms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.handler.IsCrossSite(r) {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
