package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/allauth-go/allauth/account/password"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/factors"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/internal/work"
	"github.com/allauth-go/allauth/ratelimit"
)

// The errors of a body that is not a JSON object.
var (
	errInvalidJSON          = errors.New("headless: invalid JSON")
	errUnsupportedMediaType = errors.New("headless: unsupported media type")
	errTooLarge             = errors.New("headless: body too large")
)

// refusals are the answers to errors that refuse a request.
var refusals = []struct {
	err      error
	status   int
	problems authn.Errors
	answer   func(c *call) (reply, error) // in place of status and problems
}{
	{err: errInvalidJSON, status: http.StatusBadRequest, problems: problem.List("", code.InvalidJSON)},
	{err: errUnsupportedMediaType, status: http.StatusUnsupportedMediaType, problems: problem.List("", code.UnsupportedMediaType)},
	{err: errTooLarge, status: http.StatusRequestEntityTooLarge, problems: problem.List("", code.TooLarge)},
	{err: password.ErrTooLong, status: http.StatusBadRequest, problems: problem.List("password", code.MaxLength, password.MaxLength)},
	{err: password.ErrBusy, answer: (*call).busy},
	{err: factors.ErrUnverifiedEmail, status: http.StatusConflict, problems: problem.List("", code.UnverifiedEmail)},
	{err: factors.ErrTooManyKeys, status: http.StatusConflict, problems: problem.List("", code.MaxSecurityKeys)},
	{err: work.ErrNotPending, status: http.StatusConflict},
	{err: work.ErrImpersonated, status: http.StatusForbidden, problems: problem.List("", code.Impersonated)},
	{err: work.ErrForbidden, status: http.StatusForbidden},
	{err: work.ErrUnauthenticated, answer: (*call).authentication},
	{err: work.ErrStageNotPending, answer: (*call).noStage},
	{err: work.ErrReauthenticate, answer: func(c *call) (reply, error) { return c.reauthentication() }},
}

// replyForError returns the answer for an error that refuses the request. It returns any
// other error.
func (c *call) replyForError(err error) (reply, error) {
	var many authn.Errors
	var one *authn.Error
	var limited *ratelimit.LimitError
	switch {
	case errors.As(err, &many):
		return reply{status: http.StatusBadRequest, errors: many}, nil
	case errors.As(err, &one):
		return reply{status: http.StatusBadRequest, errors: authn.Errors{one}}, nil
	case errors.As(err, &limited):
		return c.tooMany(limited.RetryAfter), nil
	}
	for _, r := range refusals {
		switch {
		case !errors.Is(err, r.err):
		case r.answer != nil:
			return r.answer(c)
		default:
			return reply{status: r.status, errors: r.problems}, nil
		}
	}
	return reply{}, err
}

// busy answers a request while too many passwords are being hashed.
func (c *call) busy() (reply, error) { return c.tooMany(2 * time.Second), nil }

func (c *call) tooMany(wait time.Duration) reply {
	seconds := int((wait + time.Second - 1) / time.Second)
	c.w.Header().Set("Retry-After", strconv.Itoa(max(seconds, 1)))
	return reply{status: http.StatusTooManyRequests}
}
