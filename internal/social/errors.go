package social

import (
	"errors"
	"fmt"

	"github.com/allauth-go/allauth/internal/work"
)

// errNotLoggedIn is work.ErrForbidden for a client that connects an account without a
// logged-in user.
var errNotLoggedIn = fmt.Errorf("socialaccount: no user is logged in to connect to: %w", work.ErrForbidden)

// errTaken means that another request created or changed the account at the same time.
var errTaken = errors.New("socialaccount: account taken meanwhile")

// errNoLogin means that a login was refused: its user is deleted or disabled, or a stage
// aborted it.
var errNoLogin = fmt.Errorf("socialaccount: no user to log in: %w", work.ErrUnauthenticated)
