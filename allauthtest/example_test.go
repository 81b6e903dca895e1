package allauthtest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/allauthtest"
)

// A test of an application that mounts the library with newApp.
func Example() {
	_ = func(t *testing.T) {
		server := allauthtest.New(t, func(cfg *allauth.Config) { cfg.SiteName = "Example" })
		app := httptest.NewServer(newApp(server.Auth))
		defer app.Close()

		ann := server.CreateUser("ann@example.org")
		response, err := server.LogIn(ann).Get(app.URL + "/me")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("status %d", response.StatusCode)
		}
	}
	// Output:
}
