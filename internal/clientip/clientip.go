// Package clientip determines the IP address of a client behind proxies. It reads
// X-Forwarded-For from trusted proxies only.
package clientip

import (
	"net/http"
	"net/netip"
	"strings"
)

// Resolver holds the trusted proxies. The zero value trusts none.
type Resolver struct {
	// TrustedProxies are the addresses of trusted proxies.
	TrustedProxies []netip.Prefix
	// TrustUnixSockets makes all peers that connect through a Unix socket trusted
	// proxies.
	TrustUnixSockets bool
}

// Addr returns the address of the client: the peer's, or, if the peer is a trusted
// proxy, the last one in X-Forwarded-For that is not a trusted proxy. Empty elements are
// skipped. At an invalid element it returns the address after it. The zero Addr means
// that no address is known.
func (r Resolver) Addr(req *http.Request) netip.Addr {
	addr := parse(req.RemoteAddr)
	if !r.Trusts(req) {
		return addr
	}
	hops := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		text := strings.Trim(hops[i], " \t\"")
		if text == "" || r.TrustUnixSockets && text == "unix:" { // the name that nginx gives to its Unix sockets
			continue
		}
		hop := parse(text)
		if !hop.IsValid() {
			return addr
		}
		addr = hop
		if !r.trusts(addr) {
			return addr
		}
	}
	return addr
}

// Trusts reports whether the peer of a request is a trusted proxy.
func (r Resolver) Trusts(req *http.Request) bool {
	return r.trusts(parse(req.RemoteAddr)) || r.TrustUnixSockets && isUnixSocket(req.RemoteAddr)
}

func (r Resolver) trusts(addr netip.Addr) bool {
	for _, prefix := range r.TrustedProxies {
		if addr.IsValid() && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// isUnixSocket reports whether remote is the address of a peer at a Unix socket: empty, a
// path, or an abstract name.
func isUnixSocket(remote string) bool {
	return remote == "" || remote[0] == '/' || remote[0] == '@'
}

// parse parses an address with or without a port, brackets and a zone. It returns the
// zero Addr if it is invalid.
func parse(text string) netip.Addr {
	if inside, found := strings.CutPrefix(text, "["); found {
		text, _, _ = strings.Cut(inside, "]")
	} else if strings.Count(text, ":") == 1 {
		text, _, _ = strings.Cut(text, ":")
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

// Text returns an address as text, empty for the zero Addr.
func Text(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
