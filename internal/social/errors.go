package social

import (
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/internal/work"
)

// errAnonymous is work.ErrForbidden for a client that connects an account and is
// not logged in.
var errAnonymous = fmt.Errorf("socialaccount: no user is logged in to connect to: %w", work.ErrForbidden)

// errTaken means that another request created the account at the same time.
var errTaken = errors.New("socialaccount: account taken meanwhile")

// errNoUser means that a login came to nothing: its user is deleted or disabled, or
// a stage refused it.
var errNoUser = fmt.Errorf("socialaccount: no user to log in: %w", work.ErrUnauthenticated)
