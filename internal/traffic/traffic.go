// Package traffic notes what recent requests show about proxies in front of the server,
// for a diagnosis. It keeps counters, and no requests.
package traffic

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// Kind is something that a request shows.
type Kind int

const (
	// Forwarded requests come with X-Forwarded-For from a peer that is not trusted.
	Forwarded Kind = iota
	// Unforwarded requests come from a trusted proxy without X-Forwarded-For.
	Unforwarded
	// OtherHost requests are for another host than that of the public URL.
	OtherHost
	// Plain requests came to the proxy by http.
	Plain
	// Encrypted requests came to the proxy by https.
	Encrypted

	kinds
)

const (
	// least is how many requests are needed to say something.
	least = 20
	// window is after how many requests earlier ones count half.
	window = 4096
)

// Notes are the counters. They are safe for concurrent use; the zero value is ready.
type Notes struct {
	requests atomic.Int64
	counts   [kinds]atomic.Int64
	peer     atomic.Pointer[string] // of the last Forwarded request
	host     atomic.Pointer[string] // of the last OtherHost request
}

// Add notes a request. trusted is true if its peer is a trusted proxy, host that of the
// public URL.
func (n *Notes) Add(r *http.Request, trusted bool, host string) {
	if n.requests.Add(1) >= window {
		n.requests.Store(window / 2)
		for i := range n.counts {
			n.counts[i].Store(n.counts[i].Load() / 2)
		}
	}
	forwarded := len(r.Header["X-Forwarded-For"]) > 0
	if forwarded && !trusted {
		n.counts[Forwarded].Add(1)
		keep(&n.peer, r.RemoteAddr)
	}
	if trusted && !forwarded {
		n.counts[Unforwarded].Add(1)
	}
	if !strings.EqualFold(r.Host, host) {
		n.counts[OtherHost].Add(1)
		keep(&n.host, r.Host)
	}
	switch r.Header.Get("X-Forwarded-Proto") {
	case "http":
		n.counts[Plain].Add(1)
	case "https":
		n.counts[Encrypted].Add(1)
	}
}

// maxKept is the length of the longest text that is kept.
const maxKept = 100

// keep stores a text of a client for the findings, without copying it for each request.
func keep(to *atomic.Pointer[string], text string) {
	if last := to.Load(); last == nil || *last != text[:min(len(text), maxKept)] {
		kept := strings.Clone(text[:min(len(text), maxKept)])
		to.Store(&kept)
	}
}

// Most reports whether most recent requests are of that kind. A client alone can send
// any header, but not most requests of a site.
func (n *Notes) Most(kind Kind) bool {
	all := n.requests.Load()
	return all >= least && n.counts[kind].Load() > all/2
}

// Peer returns the address of the proxy that is not trusted, Host the host that requests
// ask for. Both are as the last request had them.
func (n *Notes) Peer() string { return text(&n.peer) }

// Host is described at Peer.
func (n *Notes) Host() string { return text(&n.host) }

func text(of *atomic.Pointer[string]) string {
	if last := of.Load(); last != nil {
		return *last
	}
	return ""
}
