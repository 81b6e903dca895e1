package provider

import (
	"log/slog"
	"net/http"
	"time"
)

// defaultTimeout is the default of Deps.Timeout.
const defaultTimeout = 5 * time.Second

// Deps are the dependencies of providers. The zero value is complete.
type Deps struct {
	// Timeout bounds each request to the provider. Zero: 5 seconds.
	Timeout time.Duration
	// Transport sends the requests. Nil: http.DefaultTransport.
	Transport http.RoundTripper
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Logger receives warnings about responses of providers that are not as their
	// specification says. Nil: slog.Default.
	Logger *slog.Logger
	// QueryEmail requests the email address from providers for which that takes
	// another scope or request.
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
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	return d
}

// client returns the client for all requests to a provider.
func (d Deps) client() *http.Client {
	return &http.Client{Timeout: d.Timeout, Transport: guard{d.Transport}, CheckRedirect: sameHostRedirect}
}
