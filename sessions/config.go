package sessions

import (
	"time"

	"github.com/alexedwards/scs/v2"
)

// Config says how long sessions last and what carries them. The zero value is
// complete.
type Config struct {
	// Lifetime is the longest a session can last, from login. Renewing its
	// token does not prolong it. Zero: 30 days.
	Lifetime time.Duration
	// IdleTimeout ends a session that was not used for so long. Zero: 14 days.
	IdleTimeout time.Duration
	// CookieName is the name of the browser's session cookie. Where BaseURL has
	// https and CookieDomain is empty, __Host- is put in front of this and of the
	// names of all cookies but CSRFCookieName, so that no other site can set
	// them. Empty: "sessionid".
	CookieName string
	// CookieDomain widens the cookies to a domain and its sub-domains, all of
	// which can then read and set them. Empty: only the host that set them.
	CookieDomain string
	// CSRFCookieName is the name of the cookie that front ends read the CSRF
	// token from. Empty: "csrftoken".
	CSRFCookieName string
	// TrackActivity shows in the list of sessions when each was last seen.
	TrackActivity bool
	// MaxPerUser is how many sessions a user may have; the oldest are ended
	// beyond it. Zero: 50.
	MaxPerUser int
	// Store keeps the session data elsewhere, for example in Redis, beside the
	// rows that stay in the main store. A store whose methods take no context is
	// given as IgnoreContext(store). Nil: with the rows.
	Store scs.CtxStore
}
