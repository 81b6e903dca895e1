package notify

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// line is the network connection of one delivery. The mail library opens it and
// forgets to close it when a conversation fails early; closing it here covers
// that, and every silent server.
type line struct {
	smtp SMTP

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// dial connects, with TLS from the start where the policy says so. The address
// that the library asks for lacks the brackets of IPv6.
func (l *line) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	open := l.smtp.dial
	if open == nil {
		open = new(net.Dialer).DialContext
	}
	conn, err := open(ctx, network, l.smtp.Addr)
	if err != nil {
		return nil, err
	}
	if l.smtp.TLS == TLSImplicit {
		encrypted := tls.Client(conn, l.smtp.tlsConfig())
		if err := encrypted.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = encrypted
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	if l.closed {
		_ = conn.Close()
	}
	return conn, nil
}

// Close hangs up, also if the connection is only being opened.
func (l *line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		_ = l.conn.Close()
	}
}
