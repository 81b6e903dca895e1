package provider

import (
	"net/http"
	"time"
)

// defaultTimeout bounds a call to a provider.
const defaultTimeout = 5 * time.Second

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
	return &http.Client{Timeout: d.Timeout, Transport: guard{d.Transport}, CheckRedirect: stayThere}
}
