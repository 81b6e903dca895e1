package main

import (
	"context"
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"time"

	"github.com/allauth-go/allauth"
)

// This file is the existing application: its table and its pages, except those
// for sign-up and login.

// schema is the application's own. The library does not change it.
const schema = `
CREATE TABLE IF NOT EXISTS users (
	id UUID PRIMARY KEY,
	email TEXT NOT NULL UNIQUE,
	password_hash TEXT NOT NULL,  -- bcrypt
	name TEXT NOT NULL,
	created_at TIMESTAMP NOT NULL
)`

// person is a row of the table.
type person struct {
	ID, Email, Name string
	Since           time.Time
}

// personByID returns a row, or sql.ErrNoRows.
func personByID(ctx context.Context, db querier, id string) (*person, error) {
	p := person{ID: id}
	err := db.QueryRowContext(ctx, `SELECT email, name, created_at FROM users WHERE id = $1`, id).Scan(&p.Email, &p.Name, &p.Since)
	return &p, err
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// profile shows the logged-in user.
func profile(auth *allauth.Auth) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, _ := auth.UserFrom(r.Context())
		p := user.Record.(*person) // what UserByID set
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "<h1>Hello %s</h1><p>%s, with us since %s</p>", // the client may have disconnected
			html.EscapeString(p.Name), html.EscapeString(p.Email), p.Since.Format(time.DateOnly))
	}
}
