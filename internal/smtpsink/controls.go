package smtpsink

import (
	"net"
	"slices"
	"testing"
	"time"
)

// timeout is how long Wait waits before it fails the test.
const timeout = 90 * time.Second

// Refuse makes the server answer every mail with status 451, "try later", until
// it is called with false.
func (s *Sink) Refuse(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// RejectRecipient makes the server answer these recipients with status 550, "no
// such user". Without any address it rejects all.
func (s *Sink) RejectRecipient(addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejectAll = len(addresses) == 0
	for _, address := range addresses {
		s.rejected[address] = true
	}
}

// AcceptRecipients ends RejectRecipient.
func (s *Sink) AcceptRecipients() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejectAll = false
	clear(s.rejected)
}

// Delay makes the server greet new connections only after d.
func (s *Sink) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// HangUpAfterMail makes the server close the connection once it has accepted a
// mail, without waiting for QUIT.
func (s *Sink) HangUpAfterMail(hangUp bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangUp = hangUp
}

// Down closes the port and all connections, and returns once they are closed. Accepted
// mails are kept.
func (s *Sink) Down() {
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close()
		s.listener = nil
		close(s.stopped)
	}
	for conn := range s.connections {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Up opens the same port again. It does nothing if the server is up.
func (s *Sink) Up(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	up := s.listener != nil
	s.mu.Unlock()
	if up {
		return
	}
	// A process that is being started inherits open ports for a moment.
	for deadline := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		listener, err := net.Listen("tcp", s.Addr)
		if err == nil {
			s.open(listener)
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("smtpsink: %v", err)
		}
	}
}

// Mails returns the accepted mails to a recipient, or all of them if to is
// empty, in the order of their arrival.
func (s *Sink) Mails(to string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to(to)
}

// Wait returns the mails to a recipient, or all mails if to is empty, once n have
// arrived. It fails the test if that does not happen.
func (s *Sink) Wait(t testing.TB, to string, n int) []Mail {
	t.Helper()
	var mails []Mail
	if !s.until(func() bool { mails = s.to(to); return len(mails) >= n }) {
		t.Fatalf("smtpsink: %d mails to %q arrived, want %d", len(mails), to, n)
	}
	return mails
}

// WaitAttempts returns once the server has accepted n connections since Start. It fails
// the test if that does not happen.
func (s *Sink) WaitAttempts(t testing.TB, n int) {
	t.Helper()
	var attempts int
	if !s.until(func() bool { attempts = s.attempts; return attempts >= n }) {
		t.Fatalf("smtpsink: %d connections, want %d", attempts, n)
	}
}

// until waits for a condition, which is evaluated under mu.
func (s *Sink) until(reached func() bool) bool {
	deadline := time.After(timeout)
	for {
		s.mu.Lock()
		done, changed := reached(), s.changed
		s.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-changed:
		case <-deadline:
			return false
		}
	}
}

func (s *Sink) to(address string) []Mail {
	var mails []Mail
	for _, m := range s.mails {
		if address == "" || slices.Contains(m.To, address) {
			mails = append(mails, m)
		}
	}
	return mails
}
