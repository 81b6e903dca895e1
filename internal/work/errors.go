package work

import "errors"

// The refusals of a flow, beside input problems (authn.Errors) and exhausted
// limits (ratelimit.ErrLimited). The HTTP layer turns each into a status.
var (
	// ErrNotPending means that the flow is not pending in this session, or not
	// possible in its state: status 409.
	ErrNotPending = errors.New("work: not pending")
	// ErrForbidden means that the host does not allow it: status 403.
	ErrForbidden = errors.New("work: forbidden")
	// ErrImpersonated means that it is not allowed to a user who acts as another one:
	// status 403.
	ErrImpersonated = errors.New("work: not in an impersonation")
	// ErrUnauthenticated means that no user is logged in: status 401 with the
	// flows by which a user can log in.
	ErrUnauthenticated = errors.New("work: not authenticated")
	// ErrStageNotPending is ErrUnauthenticated at the endpoint of a stage at which
	// no login waits.
	ErrStageNotPending = errors.New("work: stage not pending")
	// ErrReauthenticate means that the last authentication is too old:
	// status 401 with the flows by which the user can reauthenticate.
	ErrReauthenticate = errors.New("work: reauthentication required")
	// ErrSessionEnded means that another request ended the session, or gave it
	// another token, meanwhile: status 401 without a user. The next request of an
	// app whose session has ended is answered with status 410.
	ErrSessionEnded = errors.New("work: session ended")
)
