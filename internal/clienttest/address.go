package clienttest

import (
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
)

// addressHeader tells the server the address of a client: all of them connect
// from loopback.
const addressHeader = "Test-Client-Address"

// addresses counts those that clients were given. Servers share it, as they may
// share a database.
var addresses atomic.Uint32

// nextAddress returns an address that no client has, from the network for
// benchmarks, 198.18.0.0/15.
func nextAddress() netip.Addr {
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], 198<<24|18<<16|addresses.Add(1)&0x1ffff)
	return netip.AddrFrom4(address)
}

// fromAddress makes the address that the client names the request's.
func fromAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if address := r.Header.Get(addressHeader); address != "" {
			r.RemoteAddr = net.JoinHostPort(address, "1024")
			r.Header.Del(addressHeader)
		}
		next.ServeHTTP(w, r)
	})
}

// transport sends the requests of a client with its address.
type transport struct {
	client *Client
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.client.Address.IsValid() {
		r = r.Clone(r.Context())
		r.Header.Set(addressHeader, t.client.Address.String())
	}
	return t.next.RoundTrip(r)
}
