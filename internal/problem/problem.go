// Package problem makes the input problems of the API. Their texts are those of their
// code and field in package locale.
package problem

import "github.com/allauth-go/allauth/authn"

// Of returns the problem of one field, or of the whole input if param is empty.
// The code is a constant of package authn/code. args are the values in its text.
func Of(param, code string, args ...any) *authn.Error {
	return &authn.Error{Code: code, Param: param, Args: args}
}

// List returns the problem as a list.
func List(param, code string, args ...any) authn.Errors {
	return authn.Errors{Of(param, code, args...)}
}
