package social

import (
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/internal/work"
)

// errAnonymous is work.ErrForbidden for somebody who wants to connect an
// account and is not logged in.
var errAnonymous = fmt.Errorf("socialaccount: nobody is logged in to connect to: %w", work.ErrForbidden)

// errTaken means that another request created the account at the same time.
var errTaken = errors.New("socialaccount: account taken meanwhile")

// errNobody means that a login came to nothing: its user is gone or disabled, or
// a stage turned it away.
var errNobody = fmt.Errorf("socialaccount: nobody to log in: %w", work.ErrUnauthenticated)

// messages say what to do; clients go by the code.
var messages = map[string]string{
	code.Required:                        "This field is required.",
	code.InvalidChoice:                   "Send login or connect.",
	code.InvalidToken:                    "The token is invalid or has expired. Log in with the provider again.",
	code.ClientIDRequired:                "Provide the client id that the token was issued for.",
	code.TokenRequired:                   "Provide an ID token or an access token.",
	code.TokenAuthenticationNotSupported: "This provider does not accept tokens. Log in by redirect.",
	code.AccountNotFound:                 "Choose one of your connected accounts.",
	code.ConnectedOther:                  "Another user has connected this account. Disconnect it there first.",
	code.DisconnectLast:                  "Connect another account before you disconnect the last one.",
	code.NoPassword:                      "Set a password before you disconnect the only other way to log in.",
	code.NoVerifiedEmail:                 "Verify an email address before you disconnect the only other way to log in.",
}

// Problem is an input problem of one field, or of the whole input if param is
// empty.
func Problem(param, code string) *authn.Error {
	return &authn.Error{Code: code, Param: param, Message: messages[code]}
}

// problems is Problem as a list.
func problems(param, code string) authn.Errors { return authn.Errors{Problem(param, code)} }
