package allauth

import "github.com/allauth-go/allauth/internal/flow"

// LoggedIn is published when a login is complete, whatever the way in.
// UserID says whose, Signup whether it is the first one of a new account, Methods
// which proofs were given, oldest first, and Client where the request came from.
type LoggedIn = flow.LoggedIn
