package provider

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// defaultTimeout bounds a call to a provider.
const defaultTimeout = 5 * time.Second

// maxAnswer is how much of a provider's answer is read, in bytes.
const maxAnswer = 1 << 20

// Deps is what providers work with. The zero value is complete.
type Deps struct {
	// Timeout bounds each call to the provider. Zero: 5 seconds.
	Timeout time.Duration
	// Transport sends the requests. Nil: http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// QueryEmail asks the provider for the e-mail address where that takes a
	// scope or a call of its own.
	QueryEmail bool
}

func (d Deps) withDefaults() Deps {
	if d.Timeout == 0 {
		d.Timeout = defaultTimeout
	}
	if d.Transport == nil {
		d.Transport = http.DefaultTransport
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}

// client returns the client that every request to a provider goes through.
func (d Deps) client() *http.Client {
	return &http.Client{Timeout: d.Timeout, Transport: bounded{d.Transport}, CheckRedirect: stayEncrypted}
}

// bounded reads no more than maxAnswer bytes of an answer.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkEndpoint(r.URL); err != nil {
		return nil, err
	}
	response, err := b.next.RoundTrip(r)
	if err == nil {
		body := bufio.NewReader(io.LimitReader(response.Body, maxAnswer))
		response.Body = struct {
			io.Reader
			io.Closer
		}{body, response.Body}
		// Some providers send JSON and call it plain text.
		if first, err := body.Peek(1); err == nil && first[0] == '{' {
			response.Header.Set("Content-Type", "application/json")
		}
	}
	return response, err
}

var errNotEncrypted = errors.New("provider: the endpoint is neither https nor on this machine")

// checkEndpoint refuses to talk in the clear, but for tests and demos on
// loopback.
func checkEndpoint(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%s: %w", u.Host, errNotEncrypted)
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// stayEncrypted follows few redirects. What was sent encrypted is never sent in
// the clear: checkEndpoint sees every hop.
func stayEncrypted(_ *http.Request, via []*http.Request) error {
	if len(via) > 3 {
		return errors.New("provider: too many redirects")
	}
	return nil
}
