package hook

import (
	"errors"
	"slices"

	"github.com/allauth-go/allauth/authn"
)

// problems returns the error of a hook, and nil for an empty authn.Errors or a nil
// *authn.Error: a function that returns its list of problems, which may be empty,
// returns an error that is not nil.
func problems(err error) error {
	var many authn.Errors
	var one *authn.Error
	switch {
	case errors.As(err, &many):
		if many = slices.DeleteFunc(slices.Clone(many), func(e *authn.Error) bool { return e == nil }); len(many) == 0 {
			return nil
		}
		return many
	case errors.As(err, &one) && one == nil:
		return nil
	}
	return err
}
