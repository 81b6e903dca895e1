package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/login"
)

// route is a row of the table of routes: one thing under all the paths that it is
// known by. A path with several rows has other requirements for some methods than
// for others.
type route struct {
	paths []string
	// off marks what the configuration has turned off.
	off bool
	// local marks a way in that is closed where only providers are.
	local bool
	// kind restricts the route to one kind of client.
	kind login.Kind
	// form marks a body that is a form of a page, in place of JSON.
	form bool
	// login requires a user who is logged in: 401.
	login bool
	// pending returns an error unless the session waits for the request. Nil: it
	// need not.
	pending func(ctx context.Context, sess *login.Session) error
	// awaits is pending for a code that the session waits for.
	awaits awaits
	// methods are what can be done here. HEAD goes with GET.
	methods methods
}

type methods map[string]action

// action is what a method does.
type action struct {
	// passes marks what lets a pending login pass a stage. It checks the login
	// itself, so that it need not be checked before.
	passes bool
	// limit is the rate limit that a request is charged to before its body is read.
	// Empty: the flow charges.
	limit string
	// flowLimit is a limit that the flow charges together with others. Here it is
	// charged if the body is refused.
	flowLimit string
	do        endpoint
}

// endpoint answers one method of one path. It reads the body, if it has any: see
// with.
type endpoint func(c *call) (reply, error)

// awaits finds the code that a session waits for, or returns work.ErrNotPending.
type awaits func(ctx context.Context, sess *login.Session) (*accounts.AwaitedCode, error)

// resource is what is served at a path.
type resource struct {
	routes map[string]*route // by method
	// rest is for other methods. It requires what all rows of the path require.
	rest *route
}

func (r *resource) add(row *route) {
	if r.rest == nil {
		rest := *row
		rest.methods = nil
		r.routes, r.rest = map[string]*route{}, &rest
	} else {
		r.rest.login, r.rest.pending, r.rest.awaits = r.rest.login && row.login, nil, nil
	}
	for method := range row.methods {
		r.routes[method] = row
		if method == http.MethodGet {
			r.routes[http.MethodHead] = row
		}
	}
}

// find returns the route of a method, and what the method does there. do is nil if
// the path does not have the method.
func (r *resource) find(method string) (*route, action) {
	row := r.routes[method]
	if row == nil {
		return r.rest, action{}
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return row, row.methods[method]
}

// allow is the value of the Allow header.
func (r *resource) allow() string {
	allowed := []string{http.MethodOptions}
	for method := range r.routes {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	return strings.Join(allowed, ", ")
}
