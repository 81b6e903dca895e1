// Package allauthtest runs the library inside the tests of a host application:
// on a store in memory, with a clock that the test moves, and with the mails and
// text messages at hand.
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

// Server is the library under test. It is safe for concurrent use.
type Server struct {
	// Auth is what the application under test mounts.
	Auth *allauth.Auth
	// URL is a server of its own on loopback that serves nothing but the API.
	URL string

	inner *clienttest.Server
	t     testing.TB
}

// New starts the library on a store in memory. It is closed when the test ends.
// Hashes are cheap and nothing is limited; edit may change the rest. Where
// security keys are on, BaseURL is URL with the host localhost, as they are
// bound to no bare address.
func New(t testing.TB, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	return NewOn(t, memstore.New(), edit...)
}

// NewOn is New on a store of the host's own.
func NewOn(t testing.TB, store storage.Store, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	inner := clienttest.StartOn(t, store, slices.Concat([]func(*allauth.Config){unlimited}, edit, []func(*allauth.Config){nameHost})...)
	return &Server{Auth: inner.Auth, URL: inner.URL, inner: inner, t: t}
}

// unlimited lets tests of hosts log in as often as they like.
func unlimited(cfg *allauth.Config) { cfg.DisableRateLimits = true }

// nameHost lets security keys work: they are bound to a name, and the server
// has a number. A BaseURL that the test has chosen stays.
func nameHost(cfg *allauth.Config) {
	if cfg.MFA == nil || !slices.Contains(cfg.MFA.SupportedTypes, mfa.WebAuthn) {
		return
	}
	if port, ok := strings.CutPrefix(cfg.BaseURL, "http://127.0.0.1:"); ok {
		cfg.BaseURL = "http://localhost:" + port
	}
}

// Mail waits for a mail to the address and takes it, the oldest first.
func (s *Server) Mail(to string) notify.Message {
	s.t.Helper()
	return s.inner.Mail(to).Message
}

// Text waits for a text message to the number and takes it, the oldest first.
func (s *Server) Text(to string) notify.TextMessage {
	s.t.Helper()
	return s.inner.Text(to).TextMessage
}

// Mails returns the mails that have arrived and were not taken. Those under way
// are not waited for; after Auth.Close there are none of them.
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

// Advance moves the clock on.
func (s *Server) Advance(d time.Duration) { s.inner.Clock.Advance(d) }

// Now returns what the clock shows.
func (s *Server) Now() time.Time { return s.inner.Clock.Now() }
