package factors

import (
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/problem"
	"github.com/allauth-go/allauth/mfa/webauthn"
)

// ErrUnverifiedEmail means that the user has to verify their email addresses before
// they can add an authenticator. The client gets status 409.
var ErrUnverifiedEmail = errors.New("mfa: unverified email address")

// ErrTooManyKeys means that the user has as many keys as Config.MaxKeys allows. The
// client gets status 409.
var ErrTooManyKeys = errors.New("mfa: too many security keys")

// errUnknownKey means that no user has the key of an assertion.
var errUnknownKey = fmt.Errorf("no user has the key: %w", webauthn.ErrRejected)

// incorrectCode returns the client's problem for a code that no authenticator of the
// user accepts.
func incorrectCode() authn.Errors {
	return problem.List("code", code.IncorrectCode)
}
