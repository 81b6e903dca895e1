// Command ownusers is an application with an existing table of users that adopts
// the library: the table is kept unchanged, and users log in with the passwords
// they have.
//
//	go run ./examples/ownusers -database app.db
//	go run ./examples/ownusers -database postgres://localhost/app
//
// app.go is the existing application, users.go the store that connects it with
// the library, and adopt.go what existing users need beside it.
// docs/own-user-table.md explains them.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/notify"
)

func main() {
	database := flag.String("database", "app.db", "the application's SQLite file, or the URL of a PostgreSQL database")
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	secret := flag.String("secret", os.Getenv("SECRET"), "at least 32 bytes; the default is $SECRET")
	keepHashes := flag.Bool("keep-hashes", false, "leave the hashes of existing passwords as they are")
	flag.Parse()
	if err := run(*database, *addr, *secret, *keepHashes); err != nil {
		log.Fatal("ownusers: ", err)
	}
}

func run(database, addr, secret string, keepHashes bool) (err error) {
	db, store, err := open(context.Background(), database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	auth, err := allauth.New(allauth.Config{
		BaseURL: "http://" + addr,
		Secrets: [][]byte{[]byte(secret)},
		Mailer:  &notify.Log{Writer: os.Stdout},
		// While there may be a way back to the old login page, which reads bcrypt.
		Account: account.Config{KeepPasswordHashes: keepHashes},
	}, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(context.Background())) }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		adopted, err := store.adoptAll(ctx)
		slog.Info("adopted existing users", "users", adopted, "error", err)
	}()
	server := http.Server{Addr: addr, Handler: routes(auth), ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}

func routes(auth *allauth.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("GET /profile", auth.RequireLogin(profile(auth)))
	return auth.Middleware(mux)
}
