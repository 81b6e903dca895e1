package accounts

import (
	"slices"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
)

// deviceLifetime is how long a browser is known after a login. The first login after
// deviceRenewal extends it.
const (
	deviceLifetime = 180 * 24 * time.Hour
	deviceRenewal  = 30 * 24 * time.Hour
)

// deviceCookie is the cookie with an entry for each user who has logged in with the
// browser. It does not authenticate the user.
func (s *Service) deviceCookie() login.UserCookie {
	return login.UserCookie{
		Name: s.cfg.KnownDeviceCookieName, Purpose: "known device", MaxAge: deviceLifetime,
		Keys: s.deps.Keys, Now: s.deps.Now,
	}
}

// RememberDevice marks the browser as one in which the user has logged in. These
// browsers have their own limit for failed logins, so that an attacker cannot lock the
// user out (OWASP, Slow Down Online Guessing Attacks with Device Cookies).
func (s *Service) RememberDevice(sess *login.Session) error {
	if sess.Kind != login.Browser || !sess.Authenticated() {
		return nil
	}
	devices, user := s.deviceCookie(), []byte(sess.UserID())
	list := devices.Entries(sess)
	known := slices.IndexFunc(list, func(e login.UserCookieEntry) bool { return devices.Matches(e, user) })
	if known < 0 {
		id, err := keyring.RandomID(s.deps.Rand)
		if err != nil {
			return err
		}
		return devices.Put(sess, id, user)
	}
	if !list[known].IsOlder(deviceRenewal, s.deps.Now()) {
		return nil
	}
	return devices.Put(sess, list[known].ID, user) // the same id keeps the failures that were counted
}

// limitKey returns the limiter key of attempts at an account: the identifier, so that
// known and unknown accounts behave alike, or the browser if one of the users has logged
// in with it before.
func (s *Service) limitKey(sess *login.Session, named string, userIDs ...string) string {
	if sess.Kind == login.Browser {
		devices := s.deviceCookie()
		for _, e := range devices.Entries(sess) {
			if slices.ContainsFunc(userIDs, func(id string) bool { return devices.Matches(e, []byte(id)) }) {
				return "device\x00" + e.ID // typed identifiers cannot contain NUL
			}
		}
	}
	return named
}
