// Command alternate runs two servers and sends requests to them in turn, so that the
// tests of one server also test two servers on one store:
//
//	alternate -addr 127.0.0.1:8080 ./server -config server.json -addr ADDR
//
// It stops the servers when it is stopped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	if err := run(*addr, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "alternate:", err)
		os.Exit(1)
	}
}

func run(addr string, command []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(command) == 0 {
		return errors.New("no command; use alternate -addr HOST:PORT COMMAND with ADDR where its address goes")
	}
	var proxies []http.Handler
	for range 2 {
		proxy, server, err := start(ctx, command)
		if err != nil {
			return err
		}
		defer func() { _ = server.Wait() }() // it is stopped with ctx
		proxies = append(proxies, proxy)
	}
	defer stop()
	var requests atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxies[requests.Add(1)%2].ServeHTTP(w, r)
	})
	front := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = front.Close() // requests in flight belong to a test that has ended
	}()
	if err := front.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// start runs the command on a free port and waits until it listens.
func start(ctx context.Context, command []string) (http.Handler, *exec.Cmd, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, nil, err
	}
	args := make([]string, len(command))
	for i, arg := range command {
		args[i] = strings.ReplaceAll(arg, "ADDR", addr)
	}
	server := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // running what it is told to is its purpose
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = 10 * time.Second
	if err := server.Start(); err != nil {
		return nil, nil, err
	}
	for range 500 {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr); err == nil {
			_ = conn.Close() // only opened to see whether the server listens
			proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(&url.URL{Scheme: "http", Host: addr})
				r.Out.Host = r.In.Host
				r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
			}}
			return proxy, server, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, server, fmt.Errorf("%s does not listen", args[0])
}
