package sessions_test

import (
	"fmt"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/sessions"
)

// Sessions last a day, and end earlier where nobody uses them.
func Example() {
	config := allauth.Config{
		Sessions: sessions.Config{Lifetime: 24 * time.Hour, IdleTimeout: time.Hour},
	}
	defaults := sessions.Config{}.WithDefaults()
	fmt.Println(config.Sessions.WithDefaults().Validate(), defaults.Lifetime, defaults.CookieName)
	// Output: <nil> 720h0m0s sessionid
}
