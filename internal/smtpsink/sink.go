package smtpsink

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/freeport"
)

// Sink is a running mail server. Safe for concurrent use.
type Sink struct {
	// Addr is the host and port that the server listens on. It survives Down.
	Addr string

	certificate *httptest.Server // nil without TLS
	implicitTLS bool
	username    string
	password    string

	mu          sync.Mutex
	listener    net.Listener // nil while down
	connections map[net.Conn]struct{}
	stopped     chan struct{} // closed by Down
	changed     chan struct{} // closed and replaced when anything below changes
	attempts    int
	mails       []Mail
	refuse      bool
	hangUp      bool
	rejected    map[string]bool
	rejectAll   bool
	delay       time.Duration
	running     sync.WaitGroup
}

// Option changes how a Sink is started.
type Option func(*Sink)

// WithSTARTTLS offers encryption with the certificate that TLSConfig trusts.
func WithSTARTTLS() Option {
	return func(s *Sink) { s.certificate = httptest.NewTLSServer(nil) }
}

// WithImplicitTLS encrypts from the first byte.
func WithImplicitTLS() Option {
	return func(s *Sink) { s.certificate, s.implicitTLS = httptest.NewTLSServer(nil), true }
}

// WithLogin demands AUTH PLAIN with these credentials.
func WithLogin(username, password string) Option {
	return func(s *Sink) { s.username, s.password = username, password }
}

// Start runs a server on a free port of the loopback interface until the test
// ends.
func Start(t testing.TB, options ...Option) *Sink {
	t.Helper()
	s := &Sink{
		connections: map[net.Conn]struct{}{},
		changed:     make(chan struct{}),
		rejected:    map[string]bool{},
	}
	for _, option := range options {
		option(s)
	}
	listener := freeport.Listen(t)
	s.Addr = listener.Addr().String()
	s.open(listener)
	t.Cleanup(func() {
		s.Down()
		if s.certificate != nil {
			s.certificate.Close()
		}
	})
	return s
}

// TLSConfig trusts the server's certificate, for a Sink with TLS.
func (s *Sink) TLSConfig() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(s.certificate.Certificate())
	return &tls.Config{RootCAs: roots}
}

// open serves what comes to the port.
func (s *Sink) open(listener net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stopped := make(chan struct{})
	s.listener, s.stopped = listener, stopped
	s.running.Go(func() { s.accept(listener, stopped) })
}

func (s *Sink) accept(listener net.Listener, stopped chan struct{}) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.listener != listener { // Down came first
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.connections[conn] = struct{}{}
		s.attempts++
		s.announce()
		s.running.Go(func() { s.serve(conn, stopped) })
		s.mu.Unlock()
	}
}

func (s *Sink) serve(conn net.Conn, stopped chan struct{}) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.connections, conn)
		s.mu.Unlock()
	}()
	s.mu.Lock()
	delay := s.delay
	s.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-stopped:
			return
		}
	}
	newSession(s, conn).run()
}

// announce wakes those who wait. The caller holds mu.
func (s *Sink) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Sink) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	s.announce()
}
