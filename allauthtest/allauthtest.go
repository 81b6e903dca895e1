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
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
)

// Password is the password of every user that CreateUser makes.
const Password = clienttest.Password

// Server is the library under test. It is safe for concurrent use.
type Server struct {
	// Auth is what the application under test mounts.
	Auth *allauth.Auth
	// URL is a server of its own on loopback that serves nothing but the API.
	URL string

	inner *clienttest.Server
	t     testing.TB
}

// User is somebody who has an account.
type User struct {
	// ID is what allauth.UserFrom returns, Email the verified address.
	ID, Email string
}

// New starts the library on a store in memory. It is closed when the test ends.
// Hashes are cheap and nothing is limited; edit may change the rest.
func New(t testing.TB, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	return NewOn(t, memstore.New(), edit...)
}

// NewOn is New on a store of the host's own.
func NewOn(t testing.TB, store storage.Store, edit ...func(cfg *allauth.Config)) *Server {
	t.Helper()
	inner := clienttest.StartOn(t, store, edit...)
	return &Server{Auth: inner.Auth, URL: inner.URL, inner: inner, t: t}
}

// CreateUser makes an account with a verified address and Password. Sign-up must
// need no more than these two.
func (s *Server) CreateUser(email string) User {
	s.t.Helper()
	client := s.inner.SignUp(clienttest.App, email)
	id, err := json.Marshal(client.Get("auth/session").Value("data", "user", "id"))
	if err != nil {
		s.t.Fatal(err)
	}
	return User{ID: strings.Trim(string(id), `"`), Email: email}
}

// LogIn returns a browser in which the user is logged in, for any server on the
// same host. It does not follow redirects.
func (s *Server) LogIn(u User) *http.Client {
	s.t.Helper()
	return s.inner.LogIn(clienttest.Browser, u.Email).HTTP
}

// Token logs the user in and returns the session token that an app would send as
// X-Session-Token.
func (s *Server) Token(u User) string {
	s.t.Helper()
	return s.inner.LogIn(clienttest.App, u.Email).Token
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

// Advance moves the clock on.
func (s *Server) Advance(d time.Duration) { s.inner.Clock.Advance(d) }

// Now returns what the clock shows.
func (s *Server) Now() time.Time { return s.inner.Clock.Now() }
