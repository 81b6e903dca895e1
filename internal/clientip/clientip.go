// Package clientip finds the address that a request came from when proxies stand
// in between. Only proxies that the host named are believed.
package clientip

import (
	"net/http"
	"net/netip"
	"strings"
)

// Resolver knows the proxies whose X-Forwarded-For is believed. The zero value
// believes none.
type Resolver struct {
	// TrustedProxies are the addresses of proxies.
	TrustedProxies []netip.Prefix
	// TrustUnixSockets makes proxies of the peers that connect through a unix
	// socket.
	TrustUnixSockets bool
}

// Addr returns the address that the request came from: the peer's, or, if that
// is a trusted proxy, the nearest one in X-Forwarded-For that is not. Empty
// elements of the list are skipped; where one cannot be read, the last address
// that could is returned. The zero Addr means that no address is known.
func (r Resolver) Addr(req *http.Request) netip.Addr {
	addr := parse(req.RemoteAddr)
	if !r.trusts(addr) && !(r.TrustUnixSockets && isUnixSocket(req.RemoteAddr)) {
		return addr
	}
	hops := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		text := strings.Trim(hops[i], " \t\"")
		if text == "" || r.TrustUnixSockets && text == "unix:" { // how nginx calls its own unix sockets
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

func (r Resolver) trusts(addr netip.Addr) bool {
	for _, prefix := range r.TrustedProxies {
		if addr.IsValid() && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// isUnixSocket reports whether that is the name of a peer at the other end of a
// unix socket: nothing, a path, or an abstract name.
func isUnixSocket(remote string) bool {
	return remote == "" || remote[0] == '/' || remote[0] == '@'
}

// parse reads an address with or without a port, brackets and a zone.
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

// Text returns an address as people read it, empty if none is known.
func Text(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
