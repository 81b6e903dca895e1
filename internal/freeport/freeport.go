// Package freeport finds addresses for servers of tests that are started by
// another process, or stopped and started again. The ports lie below those that
// systems hand out by themselves, so that nobody else gets one while its server
// is not there.
package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports to choose from. Linux hands out those from 32768 on by itself,
// others those from 49152 on.
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

// Addr returns an address of the loopback interface that nobody listens on.
func Addr(t testing.TB) string {
	t.Helper()
	listener := Listen(t)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}
