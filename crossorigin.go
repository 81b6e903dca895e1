package allauth

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// validateCrossOrigin checks what lets pages of other origins call the API.
func (c Config) validateCrossOrigin(base *url.URL) error {
	for _, origin := range c.Headless.CORSOrigins {
		if !isOrigin(origin) {
			return fmt.Errorf("Headless.CORSOrigins holds %q; use origins like https://www.example.com, exactly as browsers send them: in lower case, without a path, a wildcard or the default port, and http only for localhost", origin)
		}
	}
	switch {
	case !c.Sessions.CrossSite:
		return nil
	case base.Scheme != "https":
		return errors.New("Sessions.CrossSite is true, but BaseURL is not https, without which browsers refuse such cookies; use https")
	case len(c.Headless.CORSOrigins) == 0:
		return errors.New("Sessions.CrossSite is true, but Headless.CORSOrigins is empty; list the origins whose pages may use sessions")
	case !slices.Contains(c.Headless.Clients, "browser"):
		return errors.New("Sessions.CrossSite is true, but Headless.Clients has no browser; leave it false, as apps use no cookies")
	}
	return nil
}

// isOrigin reports whether a text is an origin as browsers send it in the header Origin
// (RFC 6454 section 6.2), by https or from this machine.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || text != u.Scheme+"://"+u.Host || text != strings.ToLower(text) {
		return false
	}
	host, port := u.Hostname(), u.Port()
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return r == '*' || r > '~' }) || strings.HasSuffix(u.Host, ":") {
		return false
	}
	switch u.Scheme {
	case "https":
		return port != "443"
	case "http":
		return port != "80" && isLoopback(host)
	}
	return false
}
