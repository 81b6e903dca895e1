package main

import (
	"fmt"
	"net/http"

	"github.com/allauth-go/allauth"
)

func netHTTP(auth *allauth.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("GET /me", auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := auth.UserFrom(r.Context())
		_, _ = fmt.Fprint(w, user.ID) // an error means that the client has disconnected
	})))
	mux.Handle("POST /orders", auth.ProtectForms(auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	}))))
	return auth.Middleware(mux)
}
