package main

import (
	"fmt"
	"net/http"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// newAuth configures the library: where it is reached, what signs and encrypts,
// who delivers, and which ways in there are.
func newAuth(baseURL string, db *database, demo *demoLogin, o options, messages *notify.Log) (*allauth.Auth, error) {
	config := allauth.Config{
		BaseURL:  baseURL,
		Secrets:  [][]byte{db.secret},
		SiteName: "Quickstart",
		Mailer:   messages,
		Account: account.Config{
			LoginByCode: &account.LoginByCodeConfig{CodeConfig: account.CodeConfig{Resends: 2}},
			Phone:       &account.PhoneConfig{Texter: messages, CodeConfig: account.CodeConfig{Resends: 2}},
		},
	}
	if o.codes {
		config.Account.EmailVerificationByCode = &account.CodeConfig{Resends: 2}
		config.Account.PasswordResetByCode = &account.CodeConfig{}
	}
	if demo != nil {
		config.SocialAccount = &socialaccount.Config{Providers: []provider.App{demo.app()}}
	}
	return allauth.New(config, db)
}

// newHandler mounts the library beside the application's own routes.
func newHandler(auth *allauth.Auth, demo *demoLogin) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("GET /me", auth.RequireLogin(http.HandlerFunc(me)))
	mux.Handle("/", page(demo.origins()...))
	return auth.Middleware(mux)
}

// me is a route of the application's own, for people who are logged in.
func me(w http.ResponseWriter, r *http.Request) {
	user, _ := allauth.UserFrom(r.Context())
	_, _ = fmt.Fprintf(w, "You are user %s.\n", user.ID) // the client may be gone
}
