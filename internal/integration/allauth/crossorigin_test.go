package allauth_test

import (
	"context"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// problemOf returns the error of New with a change of a valid configuration.
func problemOf(t *testing.T, change func(cfg *allauth.Config)) error {
	t.Helper()
	cfg := allauth.Config{BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{}}
	change(&cfg)
	auth, err := allauth.New(cfg, memstore.New())
	if err != nil {
		return err
	}
	if err := auth.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return nil
}

// Only what browsers send in the header Origin is accepted, so that no entry is without
// effect, and none allows more than one origin.
func TestOriginsOfFrontEnds(t *testing.T) {
	t.Parallel()
	for origin, valid := range map[string]bool{
		"https://www.example.com":       true,
		"https://www.example.com:8443":  true,
		"https://xn--bcher-kva.example": true,
		"https://[2001:db8::1]":         true,
		"http://localhost:3000":         true,
		"http://127.0.0.1:3000":         true,
		"http://[::1]:3000":             true,
		"http://app.localhost":          true,
		"http://www.example.com":        false,
		"http://192.168.1.2:3000":       false,
		"*":                             false,
		"https://*":                     false,
		"https://*.example.com":         false,
		"null":                          false,
		"":                              false,
		"www.example.com":               false,
		"//www.example.com":             false,
		"https://":                      false,
		"https://www.example.com/":      false,
		"https://www.example.com/app":   false,
		"https://www.example.com?a=b":   false,
		"https://ann@www.example.com":   false,
		"https://www.example.com:443":   false,
		"https://www.example.com:":      false,
		"http://localhost:80":           false,
		"https://WWW.example.com":       false,
		"HTTPS://www.example.com":       false,
		"https://bücher.example":        false,
		"file://www.example.com":        false,
		"app://www.example.com":         false,
	} {
		err := problemOf(t, func(cfg *allauth.Config) { cfg.Headless.CORSOrigins = []string{"https://first.example", origin} })
		if valid && err != nil {
			t.Error(err)
		}
		if !valid && (err == nil || !strings.Contains(err.Error(), "Headless.CORSOrigins holds \""+origin+"\"; use")) {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

// Cookies for other sites need https, and pages that use them.
func TestCookiesForOtherSitesNeedMore(t *testing.T) {
	t.Parallel()
	valid := func(cfg *allauth.Config) {
		cfg.Sessions.CrossSite = true
		cfg.Headless.CORSOrigins = []string{"https://www.example.com"}
	}
	if err := problemOf(t, valid); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(cfg *allauth.Config){
		"BaseURL is not https":              func(cfg *allauth.Config) { cfg.BaseURL = "http://localhost" },
		"Headless.CORSOrigins is empty":     func(cfg *allauth.Config) { cfg.Headless.CORSOrigins = nil },
		"Headless.Clients has no browser":   func(cfg *allauth.Config) { cfg.Headless.Clients = []string{"app"} },
		"Sessions.CSRFCookieDomain \"b.c\"": func(cfg *allauth.Config) { cfg.Sessions.CSRFCookieDomain = "b.c" },
	} {
		err := problemOf(t, func(cfg *allauth.Config) {
			valid(cfg)
			spoil(cfg)
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
