package clienttest

import (
	"time"

	"github.com/allauth-go/allauth"
)

// How long one user has to wait under the default limits, for use with Clock.Advance.
const (
	// NextCode lies between two codes that verify an address, NextLink between
	// two links.
	NextCode = 10 * time.Second
	NextLink = 3 * time.Minute
	// NextText lies between two texts that verify a number, NextNumber between
	// two changes of it.
	NextText   = 30 * time.Second
	NextNumber = time.Minute
	// NextTries is when wrong passwords and second factors no longer count.
	NextTries = 5 * time.Minute
)

// Unlimited lifts the limits, for tests in which more requests than one user
// may send have to reach the store at once.
func Unlimited(cfg *allauth.Config) { cfg.DisableRateLimits = true }
