// Command quickstart is a small application with the library: it serves the API
// and a page to try everything out. Mails and text messages are printed to the
// terminal.
//
//	go run ./examples/quickstart
//
// Then open http://localhost:8080. app.go mounts the library.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/allauth-go/allauth/notify"
)

// options are the flags of the command.
type options struct {
	file  string // of the database; empty: in memory
	codes bool   // in place of links
	demo  bool   // login through a provider in this process
}

func main() {
	var o options
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.StringVar(&o.file, "db", "", "SQLite file; empty: everything is kept in memory")
	flag.BoolVar(&o.codes, "codes", false, "mail codes in place of links")
	flag.BoolVar(&o.demo, "demo-provider", false, "log in through an OpenID provider without passwords")
	flag.Parse()
	if err := listenAndRun(*addr, o); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// listenAndRun serves until the process receives a signal to stop.
func listenAndRun(addr string, o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return run(ctx, listener, o, os.Stdout)
}

// run serves until ctx ends. Mails and text messages are printed to output.
func run(ctx context.Context, listener net.Listener, o options, output io.Writer) (err error) {
	defer func() { _ = listener.Close() }() // possibly a second time
	db, err := open(ctx, o.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	var demo *demoLogin
	if o.demo {
		if demo, err = startDemoLogin(); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, within(5*time.Second, demo.close)) }()
	baseURL := urlOf(listener.Addr())
	auth, err := newAuth(baseURL, db, demo, o, &notify.Log{Writer: output})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, within(5*time.Second, auth.Close)) }()
	if _, err := fmt.Fprintf(output, "Open %s\n\n", baseURL); err != nil {
		return err
	}
	return serve(ctx, listener, newHandler(auth, demo))
}

// urlOf returns the URL for browsers, which allow passkeys on localhost but not
// on an IP address.
func urlOf(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsLoopback() || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return within(5*time.Second, server.Shutdown)
	}
}

// within calls stop with a time limit.
func within(limit time.Duration, stop func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return stop(ctx)
}
