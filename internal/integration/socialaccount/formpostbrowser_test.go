package socialaccount_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/integration/testbrowser"
)

// loginPage starts a login at the provider when it is opened.
const loginPage = `<!doctype html><title>login</title><form method="post" action="/_allauth/browser/v1/auth/provider/redirect">
<input name="provider" value="suite"><input name="process" value="login"><input name="callback_url" value="/done">
<input name="csrfmiddlewaretoken"></form><script>
fetch("/_allauth/browser/v1/config").then(() => {
  document.forms[0].csrfmiddlewaretoken.value = document.cookie.match(/csrftoken=([^;]*)/)[1]
  document.forms[0].submit()
})</script>`

// A provider of another site posts its response. The browser sends none of the server's
// cookies with that form, and the login ends in the browser's session all the same.
func TestProvidersResponseByFormInABrowser(t *testing.T) {
	t.Parallel()
	ctx := testbrowser.Start(t)
	r := startRelyingParty(t, startSuiteProvider(t), true, func(cfg *allauth.Config) {
		cfg.BaseURL = strings.Replace(cfg.BaseURL, "127.0.0.1", "localhost", 1) // another site than the provider's
	})
	api, cookies := r.Handler, make(chan int, 1)
	r.Handler = http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		switch {
		case strings.HasPrefix(request.URL.Path, "/_allauth/"):
			if request.Method == http.MethodPost && strings.HasSuffix(request.URL.Path, "/callback") {
				cookies <- len(request.Cookies())
			}
			api.ServeHTTP(w, request)
		case request.URL.Path == "/login":
			_, _ = w.Write([]byte(loginPage))
		default:
			_, _ = w.Write([]byte("<!doctype html><title>" + request.URL.String() + "</title>"))
		}
	})
	if err := chromedp.Do(ctx, chromedp.Navigate(r.Config.BaseURL+"/login")); err != nil {
		t.Fatal(err)
	}
	wait, cancel := context.WithTimeout(ctx, testbrowser.Patience)
	defer cancel()
	const landed = `new Promise((resolve) => { const look = () => document.title.startsWith("/") ? resolve(document.title) : setTimeout(look, 20); look() })`
	title, err := "", error(nil)
	for title == "" && wait.Err() == nil { // an evaluation ends with the page
		title, err = chromedp.Run(wait, chromedp.Evaluate[string](landed, chromedp.EvalAwaitPromise))
	}
	if title != "/done" {
		t.Fatalf("lands at %q, %v", title, err)
	}
	if n := <-cookies; n != 0 {
		t.Errorf("the form came with %d cookies", n)
	}
	const session = `fetch("/_allauth/browser/v1/auth/session").then((r) => r.json()).then((r) => r.data.user.email)`
	email, err := chromedp.Run(wait, chromedp.Evaluate[string](session, chromedp.EvalAwaitPromise))
	if err != nil || email != "ann@example.org" {
		t.Errorf("logged in as %q, %v", email, err)
	}
}
