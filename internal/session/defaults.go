package session

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/allauth-go/allauth/sessions"
)

// WithDefaults returns a copy in which every zero field has its default.
func WithDefaults(c sessions.Config) sessions.Config {
	if c.Lifetime == 0 {
		c.Lifetime = 30 * 24 * time.Hour
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 14 * 24 * time.Hour
	}
	if c.CookieName == "" {
		c.CookieName = "sessionid"
	}
	if c.CSRFCookieName == "" {
		c.CSRFCookieName = "csrftoken"
	}
	if c.MaxPerUser == 0 {
		c.MaxPerUser = 50
	}
	return c
}

// Validate reports the first field that is invalid.
func Validate(c sessions.Config) error {
	switch {
	case (&http.Cookie{Name: "name", Domain: c.CookieDomain}).Valid() != nil:
		return fmt.Errorf("Sessions.CookieDomain %q is not a domain; use one like example.com", c.CookieDomain)
	case c.Lifetime < 0:
		return errors.New("Sessions.Lifetime is negative; leave it zero for 30 days")
	case c.IdleTimeout < 0:
		return errors.New("Sessions.IdleTimeout is negative; leave it zero for 14 days")
	case c.MaxPerUser < 0:
		return errors.New("Sessions.MaxPerUser is negative; leave it zero for 50")
	}
	return nil
}
