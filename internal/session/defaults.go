package session

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/allauth-go/allauth/sessions"
)

// WithDefaults returns a copy in which every zero field has its default.
func WithDefaults(c sessions.Config) sessions.Config {
	c.Lifetime = cmp.Or(c.Lifetime, 30*24*time.Hour)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, 14*24*time.Hour)
	c.CookieName = cmp.Or(c.CookieName, "sessionid")
	c.CSRFCookieName = cmp.Or(c.CSRFCookieName, "csrftoken")
	c.MaxPerUser = cmp.Or(c.MaxPerUser, 50)
	return c
}

// Validate reports the first field that is invalid.
func Validate(c sessions.Config) error {
	switch {
	case !isDomain(c.CookieDomain):
		return fmt.Errorf("Sessions.CookieDomain %q is not a domain; use one like example.com", c.CookieDomain)
	case !isDomain(c.CSRFCookieDomain):
		return fmt.Errorf("Sessions.CSRFCookieDomain %q is not a domain; use one like example.com", c.CSRFCookieDomain)
	case c.Lifetime < 0:
		return errors.New("Sessions.Lifetime is negative; leave it zero for 30 days")
	case c.IdleTimeout < 0:
		return errors.New("Sessions.IdleTimeout is negative; leave it zero for 14 days")
	case c.MaxPerUser < 0:
		return errors.New("Sessions.MaxPerUser is negative; leave it zero for 50")
	}
	return nil
}

// isDomain reports whether a text is empty or may be the Domain of a cookie.
func isDomain(text string) bool { return (&http.Cookie{Name: "name", Domain: text}).Valid() == nil }
