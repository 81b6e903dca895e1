package authn

import (
	"errors"
	"strings"
)

// Results of store methods other than success. They may be wrapped: test for them
// with errors.Is. Any other error means that the store failed.
var (
	// ErrNotFound means that there is no such row, or that a concurrent call
	// consumed it first.
	ErrNotFound = errors.New("authn: not found")
	// ErrConflict means that a unique value is taken, or that the row has changed
	// since it was read.
	ErrConflict = errors.New("authn: conflict")
	// ErrForbidden means that it is not allowed: to this user, for this user, or in
	// this session.
	ErrForbidden = errors.New("authn: forbidden")
	// ErrCollision means that the database rolled the transaction back because of
	// a concurrent one, for example after a deadlock. Retrying may succeed.
	ErrCollision = errors.New("authn: collision of transactions")
)

// Error is a problem with the client's input. The response holds Code, Param and
// a text for users, and nothing else. Code is stable: the library's codes are
// listed in package [github.com/allauth-go/allauth/authn/code].
type Error struct {
	Code  string
	Param string // the input field; empty for a problem of the whole input
	// Message is the text for users. Empty: the text of Code in the language of
	// the user, which may be one of the host, see docs/languages.md.
	Message string
	// Args are the values in the text of Code, such as a number for %d.
	Args []any
}

// Error implements error.
func (e *Error) Error() string {
	if e.Param == "" {
		return e.Code
	}
	return e.Param + ": " + e.Code
}

// Errors is a list of problems with the client's input. The API answers with
// status 400.
type Errors []*Error

// Error implements error.
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, one := range e {
		texts[i] = one.Error()
	}
	return strings.Join(texts, ", ")
}

// Unwrap returns the problems, for errors.As.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, one := range e {
		list[i] = one
	}
	return list
}
