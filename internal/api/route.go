package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/login"
)

// endpoint answers one method of one path.
type endpoint func(c *call) (reply, error)

// awaits finds the code that a session waits for, or returns work.ErrNotPending.
type awaits func(ctx context.Context, sess *login.Session) (*accounts.AwaitedCode, error)

// route is one endpoint under all the paths it is known by.
type route struct {
	paths []string
	// kind restricts the route to one kind of client.
	kind login.Kind
	// login answers 401 where nobody is logged in.
	login bool
	// pending returns work.ErrNotPending, for a bare 409, where what the
	// endpoint finishes was never begun. Nil: nothing has to be.
	pending func(ctx context.Context, sess *login.Session) error
	// awaits is pending for a code that the session waits for.
	awaits awaits
	// passes are the methods that let a pending login pass a stage: what they do
	// checks the login, so it need not be checked before.
	passes []string
	// local marks a way in that is gone where only providers are.
	local bool
	// form marks a route that pages post a form to, in place of JSON.
	form bool
	// methods are what can be done here. HEAD goes with GET.
	methods map[string]endpoint
}

func (r *route) endpoint(method string) endpoint {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return r.methods[method]
}

// allow is the value of the Allow header.
func (r *route) allow() string {
	allowed := []string{http.MethodOptions}
	for method := range r.methods {
		allowed = append(allowed, method)
		if method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	return strings.Join(allowed, ", ")
}

type methods = map[string]endpoint

// post are the methods of routes that pass a stage.
var post = []string{http.MethodPost}

// table is every route of the API.
func (h *Handler) table() []route {
	routes := []route{
		{paths: []string{"config"}, methods: methods{"GET": h.config}},
		{paths: []string{"auth/session"}, methods: methods{"GET": h.session, "DELETE": h.logout}},
		{paths: []string{"auth/reauthenticate"}, local: true, login: true, methods: methods{"POST": h.reauthenticate}},
		{paths: []string{"auth/sessions", "sessions"}, login: true, methods: methods{"GET": h.listSessions, "DELETE": h.endSessions}},
	}
	routes = append(routes, route{paths: []string{"tokens/refresh"}, kind: login.App, methods: methods{"POST": h.refreshTokens}})
	return slices.Concat(routes, h.accountRoutes(), h.codeRoutes(), h.socialRoutes(), h.mfaRoutes())
}

func (h *Handler) accountRoutes() []route {
	return []route{
		{paths: []string{"auth/login"}, local: true, methods: methods{"POST": h.login}},
		{paths: []string{"auth/signup"}, local: true, methods: methods{"POST": h.signup}},
		{paths: []string{"auth/email/verify"}, passes: post, awaits: h.account.EmailKey, methods: methods{"GET": h.showVerification, "POST": confirm("key", h.account.VerifyEmail)}},
		{paths: []string{"auth/password/request"}, local: true, methods: methods{"POST": h.requestReset}},
		{paths: []string{"auth/password/reset"}, local: true, methods: methods{"GET": h.showReset, "POST": h.resetPassword}},
		{paths: []string{"account/email"}, methods: methods{
			"GET": h.listEmails, "POST": h.addEmail, "PUT": h.resendEmail, "PATCH": h.setPrimaryEmail, "DELETE": h.removeEmail,
		}},
		{paths: []string{"account/password/change"}, local: true, login: true, methods: methods{"POST": h.changePassword}},
	}
}
