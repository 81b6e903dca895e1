// Package cookie reads and writes cookies. A request can have several values of one
// name, because other sites of the domain, or the server with an earlier configuration,
// may have set cookies with the same name.
package cookie

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// hostPrefix is the prefix of cookies that browsers accept only from the host itself,
// over https (RFC 6265bis section 4.1.3.2).
const hostPrefix = "__Host-"

// maxValues is how many values of one name are read.
const maxValues = 8

// Policy holds the attributes with which cookies are set.
type Policy struct {
	// Secure means that browsers reach the server by https.
	Secure bool
	// Domain is the Domain attribute of HttpOnly cookies. Empty: only the host that set a
	// cookie gets it.
	Domain string
	// ReadableDomain is the Domain attribute of cookies that scripts can read.
	ReadableDomain string
	// CrossSite means that pages of other sites, and frames in them, send the cookies.
	CrossSite bool
}

// Value is one value of a cookie.
type Value struct {
	Text string
	// HostPrefixed is true if the name in the request began with __Host-, so that no
	// other site can have set the cookie.
	HostPrefixed bool
}

// Prefixes reports whether Set adds __Host- to the name of an HttpOnly cookie.
func (p Policy) Prefixes(name string) bool { return p.hostOnly() && isPlain(name) }

func (p Policy) hostOnly() bool { return p.Secure && p.Domain == "" }

// Valid reports whether browsers accept cookies of that name under the policy.
func (p Policy) Valid(name string) bool {
	switch {
	case hasPrefix(name, hostPrefix):
		return p.hostOnly()
	case hasPrefix(name, "__Secure-"):
		return p.Secure
	}
	return true
}

// Values returns the values of an HttpOnly cookie for which ours returns true. Values
// of the name with the prefix __Host- come first. Values of the name without it are
// returned, too, as the configuration may have changed.
func Values(r *http.Request, name string, ours func(text string) bool) []Value {
	var values []Value
	if isPlain(name) {
		for _, text := range ReadableValues(r, hostPrefix+name, ours) {
			values = append(values, Value{text, true})
		}
	}
	for _, text := range ReadableValues(r, name, ours) {
		values = append(values, Value{text, false})
	}
	return values[:min(len(values), maxValues)]
}

// ReadableValues returns the values of a cookie of exactly that name for which ours
// returns true.
func ReadableValues(r *http.Request, name string, ours func(text string) bool) []string {
	var values []string
	for _, c := range r.CookiesNamed(name) {
		if ours(c.Value) && !slices.Contains(values, c.Value) {
			values = append(values, c.Value)
		}
	}
	return values[:min(len(values), maxValues)]
}

// Set sets an HttpOnly cookie.
func (p Policy) Set(w http.ResponseWriter, name, value string, lifetime time.Duration) {
	p.write(w, p.name(name), p.Domain, value, lifetime, true)
}

// Clear deletes an HttpOnly cookie of the request, also one that was set with an earlier
// configuration.
func (p Policy) Clear(w http.ResponseWriter, r *http.Request, name string) {
	set := p.name(name)
	p.write(w, set, p.Domain, "", -1, true)
	if set != name && len(r.CookiesNamed(set)) == 0 {
		p.write(w, name, "", "", -1, true)
	}
	p.clearHostOnly(w, r, name, p.Domain)
}

// SetReadable sets a cookie of exactly that name, which scripts can read. It deletes an
// older cookie of the host, because of two cookies of one name scripts may see the
// older one.
func (p Policy) SetReadable(w http.ResponseWriter, r *http.Request, name, value string, lifetime time.Duration) {
	p.write(w, name, p.ReadableDomain, value, lifetime, false)
	p.clearHostOnly(w, r, name, p.ReadableDomain)
}

// clearHostOnly deletes the cookie of the host if the policy sets that of a domain.
func (p Policy) clearHostOnly(w http.ResponseWriter, r *http.Request, name, domain string) {
	if domain != "" && len(r.CookiesNamed(name)) > 0 {
		p.write(w, name, "", "", -1, true)
	}
}

// name returns the name of an HttpOnly cookie in the response.
func (p Policy) name(name string) string {
	if p.Prefixes(name) {
		return hostPrefix + name
	}
	return name
}

func (p Policy) write(w http.ResponseWriter, name, domain, value string, lifetime time.Duration, httpOnly bool) {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/", Domain: domain,
		MaxAge: int(lifetime / time.Second), Expires: time.Now().Add(lifetime),
		Secure: p.Secure, HttpOnly: httpOnly, SameSite: http.SameSiteLaxMode,
	}
	if p.CrossSite {
		c.SameSite, c.Partitioned = http.SameSiteNoneMode, true
	}
	if lifetime < 0 {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	}
	http.SetCookie(w, c)
}

// isPlain reports whether a name has no prefix with a meaning to browsers.
func isPlain(name string) bool { return !hasPrefix(name, hostPrefix) && !hasPrefix(name, "__Secure-") }

// hasPrefix is strings.HasPrefix without regard to case, as browsers compare.
func hasPrefix(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}
