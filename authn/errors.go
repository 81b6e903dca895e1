package authn

import (
	"errors"
	"strings"
)

// The outcomes that stores report beside success. They may be wrapped: test with
// errors.Is. Any other error means that the store could not tell.
var (
	// ErrNotFound means that there is no such row, or that another caller
	// consumed it first.
	ErrNotFound = errors.New("authn: not found")
	// ErrConflict means that a unique value is taken or that the row changed
	// since it was read.
	ErrConflict = errors.New("authn: conflict")
	// ErrCollision means that a transaction met with another one, in a deadlock
	// for example, and was undone. Tried again it may succeed.
	ErrCollision = errors.New("authn: collision of transactions")
)

// Error is a problem with what the client sent: the wire shows Code, Param and
// Message, and nothing else. Code is stable,
// and one of package code where the library makes the problem; Message is for
// people.
type Error struct {
	Code    string
	Param   string // the input field; empty for a problem of the whole input
	Message string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Param == "" {
		return e.Code
	}
	return e.Param + ": " + e.Code
}

// Errors is a list of input problems, answered with status 400.
type Errors []*Error

// Error implements error.
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Error()
	}
	return strings.Join(texts, ", ")
}

// Unwrap lets errors.As find a single *Error.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, one := range e {
		list[i] = one
	}
	return list
}
