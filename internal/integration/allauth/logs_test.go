package allauth_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// debugging logs at all levels.
func debugging(log *clienttest.Log) func(cfg *allauth.Config) {
	return func(cfg *allauth.Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

// An operator reads why a mail is not delivered, and not to whom it goes.
func TestTheLogSaysWhyAMailIsNotDelivered(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.PostIsDown(errors.New("relay access denied for ann.lee@example.org (app.example)"))
	s.Client(clienttest.Browser).Post("auth/signup", clienttest.Body{"email": "ann.lee@example.org", "password": clienttest.Password}).Status(401)
	s.Log.Wait(t, "delivery failed")
	s.Log.Wait(t, "relay access denied for … (app.example)")
	if s.Log.Contains("ann.lee") {
		t.Error("the log has the address")
	}
}

// An operator reads the value of a panic, and no address in it.
func TestTheLogSaysTheValueOfAPanic(t *testing.T) {
	t.Parallel()
	var log clienttest.Log
	s := clienttest.Start(t, debugging(&log), func(cfg *allauth.Config) {
		cfg.Account.BeforeSignup = func(_ context.Context, u *authn.NewUser) error { panic("no table for " + u.Email) }
	})
	s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": "ann.lee@example.org", "password": clienttest.Password}).Status(500)
	if !log.Contains("no table for …") || log.Contains("ann.lee") {
		t.Error("the log lacks the value, or has the address")
	}
}

// Each refused limit is one line, with the action and the client, and without the address
// that is attacked.
func TestTheLogHasOneLinePerRefusedLimit(t *testing.T) {
	t.Parallel()
	var log clienttest.Log
	s := clienttest.Start(t, debugging(&log), func(cfg *allauth.Config) {
		cfg.RateLimits = map[string]string{"login_failed": "2/h/key"}
	})
	c := s.SignUp(clienttest.App, "ann.lee@example.org")
	c.Delete("auth/session", nil)
	for try := range 4 {
		want := "password:email_password_mismatch"
		if try >= 2 {
			want = "too_many_login_attempts"
		}
		c = s.Client(clienttest.App)
		c.Post("auth/login", clienttest.Body{"email": "ann.lee@example.org", "password": "wrong-wrong-1"}).Problems(want)
	}
	text := log.Text()
	if strings.Count(text, `level=INFO msg="limit reached" action=login_failed`) != 2 {
		t.Errorf("two attempts were refused, and the log says %s", text)
	}
	if !strings.Contains(text, "ip="+c.Address.String()) || strings.Contains(text, "ann.lee") {
		t.Errorf("the log lacks the client %s, or has the address: %s", c.Address, text)
	}
}

// A developer who mixed up the two kinds of clients reads so in the log.
func TestTheLogTellsOfTheOtherKindOfCredential(t *testing.T) {
	t.Parallel()
	var log clienttest.Log
	s := clienttest.Start(t, debugging(&log))
	browser := s.SignUp(clienttest.Browser, "ann.lee@example.org")
	cookie := browser.Cookie("sessionid")
	get := func(path string, edit func(r *http.Request)) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/_allauth/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		edit(request)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if response.StatusCode == http.StatusOK {
			t.Errorf("%s is answered with %s", path, response.Status)
		}
	}
	for said, send := range map[string]func(){
		"a browser cookie was sent to app/": func() {
			get("app/v1/auth/session", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "sessionid", Value: cookie}) })
		},
		"an app's session token was sent to browser/": func() {
			get("browser/v1/auth/session", func(r *http.Request) { r.Header.Set("X-Session-Token", cookie) })
		},
		"sent in another way than it was issued for": func() {
			get("app/v1/auth/session", func(r *http.Request) { r.Header.Set("X-Session-Token", cookie) })
		},
	} {
		if log.Contains(said) {
			t.Errorf("the log says %q too early", said)
		}
		send()
		log.Wait(t, said)
	}
	if log.Contains(cookie) || log.Contains(strings.ToLower(cookie)) {
		t.Error("the log has the token")
	}
}
