package clienttest

import (
	"bytes"
	"io"
	"net/http"
)

// Late is a request in flight: the client has sent it, with its cookies, and has no
// answer yet.
type Late struct {
	release chan struct{}
	done    chan *Answer
}

// SendLate sends a request that the server gets only once Deliver is called.
func (c *Client) SendLate(method, endpoint string, body any) *Late {
	return c.late(method, endpoint, body, func(send func() (*http.Response, error), wait func()) (*http.Response, error) {
		wait()
		return send()
	})
}

// AnswerLate sends a request that the server answers at once. The client gets the
// answer only once Deliver is called.
func (c *Client) AnswerLate(method, endpoint string, body any) *Late {
	return c.late(method, endpoint, body, func(send func() (*http.Response, error), wait func()) (*http.Response, error) {
		response, err := send()
		wait()
		return response, err
	})
}

// late sends a request through a tab of its own, and returns once it waits.
func (c *Client) late(method, endpoint string, body any, way func(send func() (*http.Response, error), wait func()) (*http.Response, error)) *Late {
	l := &Late{release: make(chan struct{}), done: make(chan *Answer, 1)}
	waits := make(chan struct{})
	tab := c.Tab()
	tab.Token = c.Token
	next := tab.HTTP.Transport
	tab.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		return way(func() (*http.Response, error) { return received(next.RoundTrip(r)) }, func() {
			close(waits)
			<-l.release
		})
	})
	go func() { l.done <- tab.send(method, endpoint, body) }()
	<-waits
	return l
}

// Deliver lets the request go on, and returns its answer.
func (l *Late) Deliver() *Answer {
	close(l.release)
	return <-l.done
}

type roundTripper func(r *http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// received is an answer whose body has arrived.
func received(response *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it has been read
	response.Body = io.NopCloser(bytes.NewReader(text))
	return response, err
}
