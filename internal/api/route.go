package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/accounts"
	"github.com/allauth-go/allauth/internal/login"
)

// route is a row of the table of routes: an endpoint with all its paths. A path with
// different requirements for its methods has several rows.
type route struct {
	paths []string
	// off is true if the configuration has turned the route off.
	off bool
	// local routes are not served if users can log in only through providers.
	local bool
	// kind restricts the route to one kind of client.
	kind login.Kind
	// form means that the body is an HTML form, not JSON.
	form bool
	// login requires a logged-in user. Otherwise the answer is 401. The flows of such a
	// route do not check it again.
	login bool
	// impersonated routes are those that a user may use who acts as another one. On
	// others the answer is 403.
	impersonated bool
	// pending returns an error unless the session has the pending login or flow that the
	// route requires. Nil: it requires none.
	pending func(ctx context.Context, sess *login.Session) error
	// awaits is pending for a code.
	awaits awaits
	// methods are the actions by method. HEAD is served like GET.
	methods methods
}

type methods map[string]action

// action is the action of a method.
type action struct {
	// passes means that the flow passes a stage of a pending login. The flow checks the
	// login itself, so that it is not checked before.
	passes bool
	// limit is the limit that is charged before the body is read. Empty: the flow charges
	// limits.
	limit string
	// flowLimit is a limit that the flow charges together with others. It is charged here
	// if the body is refused.
	flowLimit string
	// enrolls means that the action is also for a user whose login waits in the stage
	// mfa_enroll.
	enrolls bool
	do      endpoint
}

// endpoint answers a request. It reads the body if there is one, see with.
type endpoint func(c *call) (reply, error)

// awaits returns the code for which a session waits, or work.ErrNotPending.
type awaits func(ctx context.Context, sess *login.Session) (*accounts.AwaitedCode, error)

// resource holds the routes of a path.
type resource struct {
	routes     map[string]*route          // by method
	operations map[string]authn.Operation // by method, for the observer
	// rest is the route of other methods. It requires what all rows of the path require.
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

// find returns the route and the action of a method. action.do is nil if the path does
// not have the method.
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

// allow returns the value of the Allow header.
func (r *resource) allow() string {
	allowed := []string{http.MethodOptions}
	for method := range r.routes {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	return strings.Join(allowed, ", ")
}
