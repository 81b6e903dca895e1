package notify

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// line is the network connection of one delivery. The mail library does not close
// it if a conversation fails early, so the delivery closes it here, as it does if
// the server does not answer.
type line struct {
	smtp SMTP

	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

// dial connects, with TLS from the start if the policy says so. The address that
// the library passes lacks the brackets of IPv6.
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

// Close closes the connection, or cancels dialling.
func (l *line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		_ = l.conn.Close()
	}
}
