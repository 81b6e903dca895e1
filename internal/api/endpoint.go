package api

import (
	"cmp"
	"context"

	"github.com/allauth-go/allauth/internal/login"
)

// with returns an endpoint that reads the body and, if the body is valid, calls do with
// the result.
func with[T any](read func(f *form) T, do func(c *call, in T) (reply, error)) endpoint {
	return func(c *call) (reply, error) {
		in, err := c.form()
		if err != nil {
			return c.refuse(err)
		}
		value := read(in)
		if err := in.err(); err != nil {
			return c.refuse(err)
		}
		return do(c, value)
	}
}

// refuse returns the problems of the body, after it has charged the limit that the flow
// would have charged.
func (c *call) refuse(err error) (reply, error) {
	if c.action.flowLimit != "" {
		err = cmp.Or(c.charge(c.action.flowLimit), err)
	}
	return reply{}, err
}

// step is with for a step of a login or a reauthentication. The answer contains the
// logged-in user, or the flows that are possible next.
func step[T any](read func(f *form) T, do func(ctx context.Context, sess *login.Session, in T) error) endpoint {
	return with(read, func(c *call, in T) (reply, error) { return c.outcome(do(c.ctx, c.sess.Session, in)) })
}

// field returns a function that reads one field.
func field[T any](name string, read func(f *form, name string) T) func(f *form) T {
	return func(f *form) T { return read(f, name) }
}

// required returns a function that reads one field, which must not be empty.
func required(name string, read func(f *form, name string) string) func(f *form) string {
	return func(f *form) string { return f.required(name, read) }
}

// outcome returns the answer of authentication, or err.
func (c *call) outcome(err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return c.authentication()
}
