// Package clientip finds out where a request came from when proxies stand in
// between. Only proxies that the host named are believed.
package clientip

import (
	"net/http"
	"net/netip"
	"strings"
)

// Resolver knows the proxies whose X-Forwarded-For is believed. The zero value
// believes none.
type Resolver struct {
	TrustedProxies []netip.Prefix
}

// Addr returns the address that the request came from: the peer's, or, if that
// is a trusted proxy, the nearest one in X-Forwarded-For that is not. A list
// that can not be read is believed up to the last address that can. The zero
// Addr means that the peer has none.
func (r Resolver) Addr(req *http.Request) netip.Addr {
	addr := parse(req.RemoteAddr)
	if !r.trusts(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := parse(strings.TrimSpace(hops[i]))
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

// parse reads an address with or without a port, brackets and a zone.
func parse(text string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
