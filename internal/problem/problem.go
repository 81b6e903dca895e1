// Package problem has the input problems of the API, and the one table of their
// texts.
package problem

import (
	"cmp"
	"fmt"

	"github.com/allauth-go/allauth/authn"
)

// Of returns the problem of one field, or of the whole input if param is empty.
// The code is a constant of package authn/code. args are formatted into its text.
func Of(param, code string, args ...any) *authn.Error {
	message := cmp.Or(texts[code][param], texts[code][anyField])
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &authn.Error{Code: code, Param: param, Message: message}
}

// List returns the problem as a list.
func List(param, code string, args ...any) authn.Errors {
	return authn.Errors{Of(param, code, args...)}
}

// Flow names a flow in which some problems have a text of their own.
type Flow string

const (
	// OwnAccount is where users manage their account.
	OwnAccount Flow = "own account"
	// SecondFactor is where users enter a code of an authenticator.
	SecondFactor Flow = "second factor"
)

// List returns the problem as a list, with the text of the flow.
func (f Flow) List(param, code string) authn.Errors {
	return authn.Errors{{Code: code, Param: param, Message: flowTexts[f][code][param]}}
}
