// Command server is the library as a standalone server with a JSON configuration
// file:
//
//	go run ./examples/server -config server.json -addr localhost:8080
//	go run ./examples/server -config server.json -addr unix:/run/allauth.sock
//
// docs/server.md lists the keys of the file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/cmd/allauth/connect"
	"github.com/allauth-go/allauth/internal/settings"
)

func main() {
	config := flag.String("config", "", "configuration file")
	addr := flag.String("addr", "localhost:8080", "address to listen on, or unix:PATH for a unix socket")
	flag.Parse()
	if err := run(*config, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(path, addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	file, err := settings.Load(path)
	if err != nil {
		return err
	}
	config, err := file.Config()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	store, closeStore, err := openStore(ctx, file.Database)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer closeStore()
	store, closeRedis, err := connect.Redis(ctx, store, file.Redis)
	if err != nil {
		return err
	}
	defer closeRedis()
	auth, err := allauth.New(config, store)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	err = serve(ctx, addr, withRelatedOrigins(auth))
	shutdown, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, auth.Close(shutdown))
}

// withRelatedOrigins serves the API, and the origins of other sites whose pages may use
// passkeys.
func withRelatedOrigins(auth *allauth.Auth) http.Handler {
	related := auth.RelatedOrigins()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/webauthn" {
			related.ServeHTTP(w, r)
			return
		}
		auth.ServeHTTP(w, r)
	})
}

// serve serves until ctx ends, and then completes pending requests.
func serve(ctx context.Context, addr string, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	listener, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	slog.Info("listening", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	shutdown, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(shutdown)
}
