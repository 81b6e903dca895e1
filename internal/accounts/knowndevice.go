package accounts

import (
	"context"
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
// user out (OWASP, Slow Down Online Guessing Attacks with Device Cookies). It mails the
// user about a device that is not known, if the host wants that. It runs in the
// transaction of the login.
func (s *Service) RememberDevice(ctx context.Context, sess *login.Session, l *login.Attempt) error {
	if !sess.Authenticated() {
		return nil
	}
	entry, marked := s.knownBrowser(sess)
	if s.cfg.LoginAlerts {
		known, err := s.noteDevice(ctx, sess, l, entry)
		if err != nil {
			return err
		}
		marked = marked && known
	}
	if sess.Kind != login.Browser || marked && !entry.IsOlder(deviceRenewal, s.deps.Now()) {
		return nil
	}
	id := entry.ID // the same id keeps the failures that were counted
	if !marked {
		var err error
		if id, err = keyring.RandomID(s.deps.Rand); err != nil {
			return err
		}
	}
	return s.deviceCookie().Put(sess, id, []byte(sess.UserID()))
}

// knownBrowser returns the entry of the logged-in user in the cookie of the browser.
func (s *Service) knownBrowser(sess *login.Session) (entry login.UserCookieEntry, marked bool) {
	devices, user := s.deviceCookie(), []byte(sess.UserID())
	for _, e := range devices.Entries(sess) { // none for an app
		if devices.Matches(e, user) {
			return e, true
		}
	}
	return entry, false
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
