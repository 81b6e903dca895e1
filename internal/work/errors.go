package work

import "errors"

// The refusals of a flow, beside input problems (authn.Errors) and exhausted
// limits (ratelimit.ErrLimited). The HTTP layer turns each into a status.
var (
	// ErrNotPending means that the flow is not under way in this session, or
	// not possible in its state: status 409.
	ErrNotPending = errors.New("work: not pending")
	// ErrForbidden means that the host does not allow it: status 403.
	ErrForbidden = errors.New("work: forbidden")
	// ErrUnauthenticated means that no user is logged in: status 401 with the
	// flows that lead in.
	ErrUnauthenticated = errors.New("work: not authenticated")
	// ErrStageNotPending is ErrUnauthenticated at the endpoint of a stage that
	// no login waits at.
	ErrStageNotPending = errors.New("work: stage not pending")
	// ErrReauthenticate means that the last authentication is too old:
	// status 401 with the ways to renew it.
	ErrReauthenticate = errors.New("work: reauthentication required")
	// ErrSessionEnded means that the session was ended while the request was
	// under way, or has another token by now: an anonymous 401. The next request
	// of an app whose session is over is answered with 410.
	ErrSessionEnded = errors.New("work: session ended")
)
