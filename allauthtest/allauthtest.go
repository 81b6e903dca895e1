// Package allauthtest runs the library in the tests of a host application: with a
// store in memory, a clock that the test moves, and access to the mails and text
// messages.
//
//	server := allauthtest.New(t)
//	app := httptest.NewServer(newApp(server.Auth))
//	ann := server.CreateUser("ann@example.org")
//	response, err := server.LogIn(ann).Get(app.URL + "/me")
package allauthtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// Server is a running library. It is safe for concurrent use.
type Server struct {
	// Auth is for the application under test to mount.
	Auth *allauth.Auth
	// URL is the URL of a server on loopback that serves only the API.
	URL string

	inner *clienttest.Server
	t     testing.TB
}

// New starts the library with a store in memory, and closes it when the test
// ends. Hashes are cheap and rate limits are off; edit may change the
// configuration. With security keys, BaseURL is URL with the host localhost, as
// keys cannot be bound to an IP address.
func New(t testing.TB, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	return NewOn(t, memstore.New(), edit...)
}

// NewOn is New with a store of the host.
func NewOn(t testing.TB, store storage.Store, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	inner := clienttest.StartOn(t, store, slices.Concat([]func(*allauth.Config){unlimited}, edit, []func(*allauth.Config){nameHost})...)
	return &Server{Auth: inner.Auth, URL: inner.URL, inner: inner, t: t}
}

// unlimited turns off rate limits, so that tests can log in any number of times.
func unlimited(cfg *allauth.Config) { cfg.DisableRateLimits = true }

// nameHost replaces the IP address in BaseURL by localhost, as security keys are
// bound to a name. A BaseURL that the test has set is kept.
func nameHost(cfg *allauth.Config) {
	if cfg.MFA == nil || !slices.Contains(cfg.MFA.SupportedTypes, mfa.WebAuthn) {
		return
	}
	if port, ok := strings.CutPrefix(cfg.BaseURL, "http://127.0.0.1:"); ok {
		cfg.BaseURL = "http://localhost:" + port
	}
}

// Mail waits for a mail to the address, removes it from the received ones and
// returns it. The oldest comes first.
func (s *Server) Mail(to string) notify.Message {
	s.t.Helper()
	return s.inner.Mail(to).Message
}

// Text waits for a text message to the number, removes it from the received ones
// and returns it. The oldest comes first.
func (s *Server) Text(to string) notify.TextMessage {
	s.t.Helper()
	return s.inner.Text(to).TextMessage
}

// Mails returns the received mails that Mail has not returned. It does not wait
// for mails that are being delivered; after Auth.Close there are none of these.
func (s *Server) Mails() []notify.Message {
	var messages []notify.Message
	for _, m := range s.inner.AllMails() {
		messages = append(messages, m.Message)
	}
	return messages
}

// Texts is Mails for text messages.
func (s *Server) Texts() []notify.TextMessage {
	var messages []notify.TextMessage
	for _, m := range s.inner.AllTexts() {
		messages = append(messages, m.TextMessage)
	}
	return messages
}

// Advance moves the clock forwards.
func (s *Server) Advance(d time.Duration) { s.inner.Clock.Advance(d) }

// Now returns the time of the clock.
func (s *Server) Now() time.Time { return s.inner.Clock.Now() }
