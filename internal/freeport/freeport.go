// Package freeport finds addresses for test servers that run in another process, or are
// stopped and started again. The ports are below those that systems assign, so that no
// other process gets the port of a server that is stopped.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports to choose from. Linux assigns ports from 32768 on, other systems from 49152
// on.
const first, end = 20_000, 32_000

// Listen listens on an address of the loopback interface.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	var err error
	for range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.N(end-first)))
		var listener net.Listener
		if listener, err = net.Listen("tcp", address); err == nil {
			return listener
		}
	}
	t.Fatalf("no free port: %v", err)
	return nil
}

// Addr returns an address of the loopback interface on which no process listens.
func Addr(t testing.TB) string {
	t.Helper()
	listener := Listen(t)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}
