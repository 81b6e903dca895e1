// Command quickstart is the smallest useful application around the library: it
// serves the API and one page on which a person can try everything out. Mails
// and text messages are printed to the terminal.
//
//	go run ./examples/quickstart
//
// then open http://localhost:8080.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/notify"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	file := flag.String("db", "", "SQLite file to keep everything in; empty: nothing is kept")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *file, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run mounts the library and serves until ctx ends. Mails go to output.
func run(ctx context.Context, addr, file string, output io.Writer) error {
	store, secret, err := open(ctx, file)
	if err != nil {
		return err
	}
	auth, err := allauth.New(allauth.Config{
		BaseURL: "http://" + addr,
		Secrets: [][]byte{secret},
		Mailer:  &notify.Log{Writer: output},
		Account: account.Config{
			LoginByCode: &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 2}},
		},
	}, store)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("GET /me", auth.RequireLogin(http.HandlerFunc(me)))
	mux.Handle("/", page())
	return errors.Join(serve(ctx, addr, output, auth.Middleware(mux)), closeWithin(auth, 5*time.Second))
}

// me is a route of the application's own, for people who are logged in.
func me(w http.ResponseWriter, r *http.Request) {
	user, _ := allauth.UserFrom(r.Context())
	_, _ = fmt.Fprintf(w, "You are user %s.\n", user.ID) // the client may be gone
}

func closeWithin(auth *allauth.Auth, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return auth.Close(ctx)
}

func serve(ctx context.Context, addr string, output io.Writer, handler http.Handler) error {
	server := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	_, _ = fmt.Fprintf(output, "Open http://%s\n\n", addr) // whoever reads it sees it
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}
