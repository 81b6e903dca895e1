package provider

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

const (
	// maxAnswer is the largest response of a provider that is read, in bytes.
	maxAnswer = 1 << 20
	// userAgent is the default User-Agent: some providers refuse requests without
	// one.
	userAgent = "allauth-go"
	// byteOrderMark is U+FEFF in UTF-8.
	byteOrderMark = "\ufeff"
)

var (
	errNotEncrypted = errors.New("provider: the endpoint is neither https nor on this machine")
	errTooLong      = errors.New("provider: the response is too long")
	errElsewhere    = errors.New("provider: redirect to another host")
)

// guard is the transport of all requests to providers. It sends encrypted
// requests only, and bounds the size of responses.
type guard struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkEndpoint(r.URL); err != nil {
		return nil, err
	}
	if r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", userAgent)
	}
	response, err := g.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body := bufio.NewReader(&bounded{response.Body, maxAnswer})
	response.Body = struct {
		io.Reader
		io.Closer
	}{body, response.Body}
	// Some providers begin JSON with a byte order mark (RFC 8259 section 8.1).
	if first, err := body.Peek(len(byteOrderMark)); err == nil && string(first) == byteOrderMark {
		_, _ = body.Discard(len(byteOrderMark)) // it was read
	}
	// Some providers send JSON as plain text.
	if first, err := body.Peek(1); err == nil && first[0] == '{' {
		response.Header.Set("Content-Type", "application/json")
	}
	return response, nil
}

// bounded returns an error once more than left bytes were read, so that a
// truncated response is not taken for a complete one.
type bounded struct {
	from io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// checkEndpoint refuses URLs without encryption, except on loopback, for tests
// and demos.
func checkEndpoint(u *url.URL) error {
	if u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("%s: %w", u.Host, errNotEncrypted)
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// isInternal reports whether a host is this machine or an address of an internal
// network, such as that of a cloud's metadata service.
func isInternal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host == "localhost" || strings.HasSuffix(host, ".localhost")
	}
	ip = ip.Unmap()
	return !ip.IsGlobalUnicast() || ip.IsPrivate()
}

// sameHostRedirect refuses redirects to another host or from https to http, and more
// than a few: the request may contain a code, a secret or a token.
func sameHostRedirect(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case next.URL.Scheme != first.Scheme || next.URL.Host != first.Host:
		return errElsewhere
	case len(via) > 3:
		return errors.New("provider: too many redirects")
	}
	return nil
}
