package allauth

import "github.com/allauth-go/allauth/internal/flow"

// LoggedIn is published when a login is complete, whatever the way in.
type LoggedIn = flow.LoggedIn
