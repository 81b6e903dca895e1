package allauthtest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/allauthtest"
	"github.com/allauth-go/allauth/mfa"
)

// newApp is a host application.
func newApp(auth *allauth.Auth) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_allauth/", auth)
	mux.Handle("GET /me", auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := auth.UserFrom(r.Context())
		_, _ = fmt.Fprint(w, user.ID) // the client may not read it
	})))
	return auth.Middleware(mux)
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestAnApplicationIsTested(t *testing.T) {
	t.Parallel()
	server := allauthtest.New(t)
	app := httptest.NewServer(newApp(server.Auth))
	t.Cleanup(app.Close)
	ann, bob := server.CreateUser("ann@example.org"), server.CreateUser("bob@example.org")

	client := server.LogIn(ann)
	if status, text := get(t, client, app.URL+"/me"); status != 200 || text != ann.ID || ann.ID == bob.ID {
		t.Errorf("ann's page: %d %s", status, text)
	}
	if status, _ := get(t, http.DefaultClient, app.URL+"/me"); status != 401 {
		t.Errorf("the page of an anonymous client: %d", status)
	}
	server.Advance(15 * 24 * time.Hour)
	if status, _ := get(t, client, app.URL+"/me"); status != 401 {
		t.Errorf("after two weeks without use: %d", status)
	}
	request, err := http.NewRequest(http.MethodGet, app.URL+"/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Session-Token", server.Token(bob))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // only the status counts
	if response.StatusCode != http.StatusOK {
		t.Errorf("bob's app: %d", response.StatusCode)
	}
}

func TestMailsAreRead(t *testing.T) {
	t.Parallel()
	server := allauthtest.New(t)
	ann := server.CreateUser("ann@example.org")
	response, err := http.Post(server.URL+"/_allauth/app/v1/auth/password/request", "application/json", strings.NewReader(`{"email":"`+ann.Email+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()                              // only the mail counts
	if err := server.Auth.Close(t.Context()); err != nil { // all mails are delivered then
		t.Fatal(err)
	}
	if mails := server.Mails(); len(mails) != 1 || mails[0].To != ann.Email {
		t.Errorf("mails %v", mails)
	}
	if mail := server.Mail(ann.Email); mail.Kind != "account/password_reset_key" || !strings.Contains(mail.Text, "http") {
		t.Errorf("mail %s: %s", mail.Kind, mail.Text)
	}
	if mails := server.Mails(); len(mails) != 0 {
		t.Errorf("mails that were taken: %v", mails)
	}
}

func TestSecurityKeysNeedNoFurtherSettings(t *testing.T) {
	t.Parallel()
	server := allauthtest.New(t, func(cfg *allauth.Config) {
		cfg.MFA = &mfa.Config{SupportedTypes: []mfa.Type{mfa.WebAuthn, mfa.RecoveryCodes}, PasskeyLoginEnabled: true}
	})
	app := httptest.NewServer(newApp(server.Auth))
	t.Cleanup(app.Close)
	client := server.LogIn(server.CreateUser("ann@example.org"))
	if status, _ := get(t, client, app.URL+"/me"); status != 200 {
		t.Errorf("ann's page: %d", status)
	}
	status, text := get(t, http.DefaultClient, app.URL+"/_allauth/browser/v1/auth/webauthn/login")
	if status != 200 || !strings.Contains(text, `"rpId":"localhost"`) {
		t.Errorf("the options of a login: %d %s", status, text)
	}
}
