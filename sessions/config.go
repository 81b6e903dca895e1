package sessions

import (
	"time"

	"github.com/alexedwards/scs/v2"
)

// Config configures sessions. The zero value is complete.
type Config struct {
	// Lifetime is the longest duration of a session, from login. Renewing its
	// token does not prolong it. Zero: 30 days.
	Lifetime time.Duration
	// IdleTimeout ends a session that was not used for this long. Zero: 14 days.
	IdleTimeout time.Duration
	// CookieName is the name of the session cookie of browsers. If BaseURL has
	// https and CookieDomain is empty, the names of this and all other cookies
	// except CSRFCookieName get the prefix __Host-, so that no other site can set
	// them. Empty: "sessionid".
	CookieName string
	// CookieDomain shares the cookies with a domain and its subdomains, all of
	// which can then read and set them. Empty: only the host that set them.
	CookieDomain string
	// DjangoKeys accepts the session keys of Django that djangostore.Store.AdoptSessions
	// has adopted, in the cookie CookieName and in the header of apps.
	DjangoKeys bool
	// CSRFCookieName is the name of the cookie from which front ends read the
	// CSRF token. Empty: "csrftoken".
	CSRFCookieName string
	// CSRFCookieDomain shares the CSRF cookie alone with a domain and its
	// subdomains, whose pages can then read the token. Empty: CookieDomain.
	CSRFCookieDomain string
	// CrossSite lets pages of other sites, and frames in them, use the sessions of
	// browsers: cookies are set with SameSite=None, Secure and Partitioned. It
	// requires https and Headless.CORSOrigins; docs/frontend.md says which ways to
	// log in work in a frame. The host's own routes must then refuse requests that
	// other sites cause, for example by http.CrossOriginProtection.
	CrossSite bool
	// TrackActivity includes in the list of sessions when each was last used.
	TrackActivity bool
	// MaxPerUser is the largest number of sessions of a user; beyond it the
	// oldest ones are ended. Zero: 50.
	MaxPerUser int
	// Store keeps the session data in another store, for example in Redis. The
	// rows stay in the main store. A store whose methods take no context is
	// passed as IgnoreContext(store). Nil: the data is kept with the rows.
	Store scs.CtxStore
}
