package main

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/allauth-go/allauth"
)

func withChi(auth *allauth.Auth) http.Handler {
	router := chi.NewRouter()
	router.Use(auth.Middleware)
	router.Handle("/_allauth/*", auth)
	router.Group(func(members chi.Router) {
		members.Use(auth.ProtectForms, auth.RequireLogin)
		members.Get("/me", func(w http.ResponseWriter, r *http.Request) {
			user, _ := auth.UserFrom(r.Context())
			_, _ = fmt.Fprint(w, user.ID) // an error means that the client has disconnected
		})
		members.Post("/orders", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	})
	return router
}
