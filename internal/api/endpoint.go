package api

import (
	"cmp"
	"context"

	"github.com/allauth-go/allauth/internal/login"
)

// with returns the endpoint that reads the body and, if nothing is wrong with it,
// calls do with what it read.
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

// refuse returns what is wrong with the body.
func (c *call) refuse(err error) (reply, error) {
	if c.action.flowLimit != "" {
		err = cmp.Or(c.charge(c.action.flowLimit), err)
	}
	return reply{}, err
}

// step returns with for a step of a login or a reauthentication. The answer says
// who is logged in, or what comes next.
func step[T any](read func(f *form) T, do func(ctx context.Context, sess *login.Session, in T) error) endpoint {
	return with(read, func(c *call, in T) (reply, error) { return c.outcome(do(c.ctx, c.sess.Session, in)) })
}

// field reads one field.
func field[T any](name string, read func(f *form, name string) T) func(f *form) T {
	return func(f *form) T { return read(f, name) }
}

// required reads one field that must not be empty.
func required(name string, read func(f *form, name string) string) func(f *form) string {
	return func(f *form) string { return f.required(name, read) }
}

// outcome answers who is logged in, or how to, unless there was an error.
func (c *call) outcome(err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return c.authentication()
}
