// Package cookie reads and writes the cookies of browsers. Other sites of the
// domain may have cookies of the same names, and an earlier configuration may
// have left some behind, so a name may have several values.
package cookie

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// hostPrefix begins the names of cookies that browsers accept from the host
// itself only, over https (RFC 6265bis section 4.1.3.2).
const hostPrefix = "__Host-"

// maxValues bounds how many values of one name are looked at.
const maxValues = 8

// Policy says how cookies are set.
type Policy struct {
	// Secure is set where the server is reached by https.
	Secure bool
	// Domain is that of all cookies. Empty: the host that set them.
	Domain string
}

// Value is one value of a cookie.
type Value struct {
	Text string
	// HostPrefixed is true if it came under the name that begins with __Host-, so
	// that no other site can have set it.
	HostPrefixed bool
}

// Prefixes reports whether an HttpOnly cookie of that name is set under a name
// that begins with __Host-.
func (p Policy) Prefixes(name string) bool { return p.hostOnly() && isPlain(name) }

func (p Policy) hostOnly() bool { return p.Secure && p.Domain == "" }

// Valid reports whether browsers accept a name that the host chose.
func (p Policy) Valid(name string) bool {
	switch {
	case hasPrefix(name, hostPrefix):
		return p.hostOnly()
	case hasPrefix(name, "__Secure-"):
		return p.Secure
	}
	return true
}

// Values returns the values of an HttpOnly cookie that may be ours, those that no
// other site can have set first. Values under the name without the prefix, or
// with it, are among them: the configuration may have changed.
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

// ReadableValues returns the values of a cookie of exactly that name that may be
// ours.
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

// Clear deletes an HttpOnly cookie that came with the request, also where an
// earlier configuration had set it.
func (p Policy) Clear(w http.ResponseWriter, r *http.Request, name string) {
	set := p.name(name)
	p.write(w, set, p.Domain, "", -1, true)
	if set != name && len(r.CookiesNamed(set)) == 0 {
		p.write(w, name, "", "", -1, true)
	}
	p.clearHostOnly(w, r, name)
}

// SetReadable sets a cookie that scripts read, under exactly that name. Scripts
// see one of two cookies of a name, and not the newer one.
func (p Policy) SetReadable(w http.ResponseWriter, r *http.Request, name, value string, lifetime time.Duration) {
	p.write(w, name, p.Domain, value, lifetime, false)
	p.clearHostOnly(w, r, name)
}

// clearHostOnly deletes the cookie of the host that may be left beside that of the
// domain.
func (p Policy) clearHostOnly(w http.ResponseWriter, r *http.Request, name string) {
	if p.Domain != "" && len(r.CookiesNamed(name)) > 0 {
		p.write(w, name, "", "", -1, true)
	}
}

// name is what an HttpOnly cookie is called.
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
	if lifetime < 0 {
		c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	}
	http.SetCookie(w, c)
}

// isPlain reports whether a name has no prefix that browsers know.
func isPlain(name string) bool { return !hasPrefix(name, hostPrefix) && !hasPrefix(name, "__Secure-") }

// hasPrefix compares as browsers do, whatever the case.
func hasPrefix(name, prefix string) bool {
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}
