// Command load measures how a source over its rate limits slows down other users.
// It starts a server on PostgreSQL with the default limits, logs a user in, and
// measures how long GET auth/session takes for that user: first on an idle
// server, then while many connections send wrong passwords as fast as they are
// answered.
//
//	createdb load
//	go run ./examples/load -postgres postgres://localhost/load
//
// The tables are kept in the database.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/sqlstore"
)

// options are the flags of the command.
type options struct {
	postgres    string
	connections int
	pool        int // connections of the server to the database
	phase       time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.postgres, "postgres", "", "URL of a PostgreSQL database")
	flag.IntVar(&o.connections, "connections", 300, "connections that send wrong passwords")
	flag.IntVar(&o.pool, "pool", 20, "connections of the server to the database")
	flag.DurationVar(&o.phase, "phase", 10*time.Second, "length of each of the two phases")
	flag.Parse()
	if err := run(context.Background(), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run measures both phases and prints a line about each.
func run(ctx context.Context, o options, output io.Writer) (err error) {
	if o.postgres == "" {
		return errors.New("-postgres is empty; set it to the URL of a database")
	}
	db, err := sql.Open("pgx", o.postgres)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(o.pool)
	db.SetMaxIdleConns(o.pool)
	store := sqlstore.New(db, sqlstore.Postgres)
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	auth, err := allauth.New(allauth.Config{
		BaseURL: "http://localhost", Secrets: [][]byte{[]byte("a secret of the load command only")},
		Mailer:  &notify.Log{Writer: io.Discard},
		Account: account.Config{EmailVerification: authn.VerificationNone},
		Logger:  slog.New(slog.DiscardHandler),
	}, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, auth.Close(context.WithoutCancel(ctx))) }()
	server := httptest.NewServer(auth)
	defer server.Close()

	user, err := signUp(ctx, server.URL)
	if err != nil {
		return err
	}
	quiet, err := user.measure(ctx, o.phase)
	if err != nil {
		return err
	}
	attack := startAttack(ctx, server.URL, o.connections)
	loaded, err := user.measure(ctx, o.phase)
	answers := attack.stop()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(output, "GET auth/session            median       p95       max  requests\n"+
		"quiet server           %s\n"+
		"under load             %s\n"+
		"%d connections were answered %d times, %.0f times a second\n",
		summary(quiet), summary(loaded), o.connections, answers, float64(answers)/o.phase.Seconds())
	return err
}

// summary returns the median, the 95th percentile and the maximum.
func summary(times []time.Duration) string {
	slices.Sort(times)
	text := ""
	for _, at := range []int{len(times) / 2, len(times) * 95 / 100, len(times) - 1} {
		text += fmt.Sprintf("%7.1f ms", float64(times[at].Microseconds())/1000)
	}
	return fmt.Sprintf("%s%10d", text, len(times))
}

// send sends a request to the app API and returns the status and the body of the
// response.
func send(ctx context.Context, client *http.Client, method, url, token string, body io.Reader) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("X-Session-Token", token)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, text, errors.Join(err, response.Body.Close())
}
