package flow

import "errors"

// The refusals of a flow, beside input problems (authn.Errors) and exhausted
// limits (ratelimit.ErrLimited). The HTTP layer turns each into a status.
var (
	// ErrNotPending means that the flow is not under way in this session, or
	// not possible in its state: status 409.
	ErrNotPending = errors.New("flow: not pending")
	// ErrForbidden means that the host does not allow it: status 403.
	ErrForbidden = errors.New("flow: forbidden")
	// ErrUnauthenticated means that nobody is logged in: status 401 with the
	// flows that lead in.
	ErrUnauthenticated = errors.New("flow: not authenticated")
	// ErrStageNotPending is ErrUnauthenticated at the endpoint of a stage that
	// no login waits at.
	ErrStageNotPending = errors.New("flow: stage not pending")
	// ErrReauthenticate means that the last proof of identity is too old:
	// status 401 with the ways to renew it.
	ErrReauthenticate = errors.New("flow: reauthentication required")
	// ErrSessionEnded means that the session was ended while the request was
	// under way, or has another token by now: an anonymous 401. The next request
	// of an app whose session is over is answered with 410.
	ErrSessionEnded = errors.New("flow: session ended")
)
