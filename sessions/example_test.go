package sessions_test

import (
	"fmt"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/session"
	"github.com/allauth-go/allauth/sessions"
)

// Sessions last a day, and end earlier if they are not used.
func Example() {
	config := allauth.Config{
		Sessions: sessions.Config{Lifetime: 24 * time.Hour, IdleTimeout: time.Hour},
	}
	defaults := session.WithDefaults(sessions.Config{})
	fmt.Println(session.Validate(session.WithDefaults(config.Sessions)), defaults.Lifetime, defaults.CookieName)
	// Output: <nil> 720h0m0s sessionid
}
