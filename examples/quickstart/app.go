package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

// newAuth configures the library: its URL, its secrets, who delivers messages,
// and the ways to log in.
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
		MFA: &mfa.Config{
			SupportedTypes: []mfa.Type{mfa.RecoveryCodes, mfa.TOTP},
			TrustEnabled:   true,
		},
	}
	if o.codes {
		config.Account.EmailVerificationByCode = &account.CodeConfig{Resends: 2}
		config.Account.PasswordResetByCode = &account.CodeConfig{}
	}
	if strings.HasPrefix(baseURL, "http://localhost:") { // browsers allow no passkeys on an IP address
		config.MFA.SupportedTypes = append(config.MFA.SupportedTypes, mfa.WebAuthn)
		config.MFA.PasskeyLoginEnabled, config.MFA.PasskeySignupEnabled = true, o.codes
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
	mux.Handle("GET /me", auth.RequireLogin(me(auth)))
	mux.Handle("POST /qr", auth.RequireLogin(http.HandlerFunc(drawQRCode)))
	mux.Handle("/", page(demo.origins()...))
	return auth.Middleware(mux)
}

// me is a route of the application for logged-in users.
func me(auth *allauth.Auth) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, _ := auth.UserFrom(r.Context())
		_, _ = fmt.Fprintf(w, "You are user %s.\n", user.ID) // the client may have disconnected
	}
}

// maxQRCode is the longest text to draw, in bytes.
const maxQRCode = 1024

// drawQRCode draws the text that the page posts: the URL that sets up an
// authenticator app. The text is in the body, not in the URL, as it contains a
// secret.
func drawQRCode(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQRCode))
	if err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	picture, err := mfa.QRCodeSVG(string(text))
	if err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, picture) // the client may have disconnected
}
