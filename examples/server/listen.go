package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// listen listens on an address, or on the unix socket of unix:PATH, to which the
// owner and the group of the server can connect. It replaces a socket file that a
// killed server has left.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	path, found := strings.CutPrefix(addr, "unix:")
	if !found {
		return (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	}
	if isAbandoned(ctx, path) {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o660); err != nil { //nolint:gosec // the proxy is in the group
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// isAbandoned reports whether no server listens on a socket file.
func isAbandoned(ctx context.Context, path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return false
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err == nil {
		_ = connection.Close() // nothing was sent
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
