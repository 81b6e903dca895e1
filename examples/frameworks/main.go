// Command frameworks mounts the library in an application with net/http, chi, gin,
// echo or Connect. Each file has one of them.
//
//	go run ./examples/frameworks -use chi
//
// docs/frameworks.md explains what they have in common.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// frameworks are the applications by their framework. Each serves the API, GET /me for
// logged-in users, and POST /orders, a form.
var frameworks = map[string]func(auth *allauth.Auth) http.Handler{
	"nethttp": netHTTP,
	"chi":     withChi,
	"gin":     withGin,
	"echo":    withEcho,
	"connect": withConnect,
}

func main() {
	use := flag.String("use", "nethttp", "chi, connect, echo, gin or nethttp")
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	flag.Parse()
	if err := run(*use, *addr); err != nil {
		log.Fatal("frameworks: ", err)
	}
}

func run(use, addr string) (err error) {
	application, ok := frameworks[use]
	if !ok {
		return fmt.Errorf("-use %s is none of %v", use, slices.Sorted(maps.Keys(frameworks)))
	}
	auth, err := newAuth("http://" + addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(context.Background())) }()
	server := http.Server{Addr: addr, Handler: application(auth), ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}

// newAuth returns an Auth that keeps everything in memory and prints mails.
func newAuth(baseURL string) (*allauth.Auth, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	return allauth.New(allauth.Config{
		BaseURL: baseURL,
		Secrets: [][]byte{secret},
		Mailer:  &notify.Log{Writer: os.Stdout},
	}, memstore.New())
}
