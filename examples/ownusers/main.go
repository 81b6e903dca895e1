// Command ownusers is an application with an existing table of users that adopts
// the library: the table is kept unchanged, and users log in with the passwords
// they have.
//
//	go run ./examples/ownusers -database app.db
//
// app.go is the existing application, users.go the store that connects it with
// the library. docs/own-user-table.md explains it.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

func main() {
	database := flag.String("database", "app.db", "the application's SQLite file")
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	secret := flag.String("secret", os.Getenv("SECRET"), "at least 32 bytes; the default is $SECRET")
	flag.Parse()
	if err := run(*database, *addr, *secret); err != nil {
		log.Fatal("ownusers: ", err)
	}
}

func run(database, addr, secret string) (err error) {
	db, store, err := open(context.Background(), database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	auth, err := allauth.New(allauth.Config{
		BaseURL: "http://" + addr,
		Secrets: [][]byte{[]byte(secret)},
		Mailer:  &notify.Log{Writer: os.Stdout},
	}, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(context.Background())) }()
	server := http.Server{Addr: addr, Handler: routes(auth), ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}

// open opens the application's database, with the library's tables in it.
func open(ctx context.Context, path string) (*sql.DB, users, error) {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(path))
	if err != nil {
		return nil, users{}, err
	}
	ours := sqlstore.New(db, sqlstore.SQLite)
	store := users{Store: ours, db: db}
	if _, err = db.ExecContext(ctx, schema+index); err == nil {
		err = ours.Migrate(ctx)
	}
	if err == nil {
		err = store.adopt(ctx)
	}
	if err != nil {
		return nil, users{}, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	return db, store, nil
}

func routes(auth *allauth.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("GET /profile", auth.RequireLogin(profile(auth)))
	return auth.Middleware(mux)
}
