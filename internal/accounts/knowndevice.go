package accounts

import (
	"slices"
	"time"

	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/login"
)

// deviceLifetime is how long a browser stays known after a login, and
// deviceRenewal the age at which the next login counts it anew.
const (
	deviceLifetime = 180 * 24 * time.Hour
	deviceRenewal  = 30 * 24 * time.Hour
)

// devices is the cookie with an entry for each user who has logged in with the
// browser. It proves nothing but that.
func (s *Service) devices() login.UserCookie {
	return login.UserCookie{
		Name: s.cfg.KnownDeviceCookieName, Purpose: "known device", MaxAge: deviceLifetime,
		Keys: s.deps.Keys, Now: s.deps.Now,
	}
}

// RememberDevice lets the browser in which somebody has just logged in be known
// to them: strangers who use up the attempts of their account do not lock them
// out (OWASP, Slow Down Online Guessing Attacks with Device Cookies).
func (s *Service) RememberDevice(sess *login.Session) error {
	if sess.Kind != login.Browser || !sess.Authenticated() {
		return nil
	}
	devices, user := s.devices(), []byte(sess.UserID())
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
	return devices.Put(sess, list[known].ID, user) // with the attempts it has used up
}

// limitKey is what attempts at an account count by: what it was named by, so
// that known and unknown accounts look alike, or the browser if one of the users
// who are meant has logged in with it before.
func (s *Service) limitKey(sess *login.Session, named string, userIDs ...string) string {
	if sess.Kind == login.Browser {
		devices := s.devices()
		for _, e := range devices.Entries(sess) {
			if slices.ContainsFunc(userIDs, func(id string) bool { return devices.Matches(e, []byte(id)) }) {
				return "device\x00" + e.ID // no name that somebody types in holds a zero byte
			}
		}
	}
	return named
}
