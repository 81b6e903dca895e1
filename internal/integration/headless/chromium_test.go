package headless_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/internal/integration/testbrowser"
)

// The hosts of these tests, all of which lead to one server with https.
const (
	apiHost       = "api.back-end.example"
	siblingHost   = "www.back-end.example"
	otherSiteHost = "www.front-end.example"
	evilHost      = "www.evil.example"
)

// functionOfThePage is the function of docs/frontend.md.
var functionOfThePage = regexp.MustCompile("(?s)```js\n(let csrfToken.*?)```")

// hosts is a server with https that answers for all hosts, and a browser that finds it.
type hosts struct {
	*clienttest.Server
	port    string
	browser context.Context
}

// startHosts starts an API for the front ends of the hosts. Without a browser it skips
// the test.
func startHosts(t *testing.T, frontEnds []string, edit ...func(cfg *allauth.Config)) *hosts {
	t.Helper()
	browser := testbrowser.Start(t, chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("host-resolver-rules", "MAP * 127.0.0.1"))
	page, err := os.ReadFile("../../../docs/frontend.md")
	if err != nil {
		t.Fatal(err)
	}
	script := functionOfThePage.FindSubmatch(page)
	if script == nil {
		t.Fatal("docs/frontend.md has no function for another origin")
	}
	h := &hosts{browser: browser}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, apiHost+":") {
			h.Handler.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<!doctype html><title>%s</title><script>%s</script>", r.Host,
			strings.ReplaceAll(string(script[1]), "https://api.example.com", "https://"+apiHost+":"+h.port))
	}))
	t.Cleanup(server.Close)
	if _, h.port, err = net.SplitHostPort(server.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	h.Server = clienttest.Start(t, append([]func(cfg *allauth.Config){func(cfg *allauth.Config) {
		cfg.BaseURL = h.origin(apiHost)
		for _, host := range frontEnds {
			cfg.Headless.CORSOrigins = append(cfg.Headless.CORSOrigins, h.origin(host))
		}
	}}, edit...)...)
	h.SignUp(clienttest.App, "ann@example.org")
	return h
}

func (h *hosts) origin(host string) string { return "https://" + host + ":" + h.port }

// visit opens the page of a host.
func (h *hosts) visit(t *testing.T, host string) {
	t.Helper()
	if err := chromedp.Do(h.browser, chromedp.Navigate(h.origin(host))); err != nil {
		t.Fatal(err)
	}
}

// call lets the page call the API, and returns the status, or what went wrong.
func (h *hosts) call(t *testing.T, method, path, body string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(h.browser, testbrowser.Patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(
		"call(%q, %q, %s).then((response) => String(response.status), (error) => error.name)", method, path, body), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// step is a call of a page, and the status of the response.
type step struct{ method, path, body, want string }

const nothing = "undefined"

func (h *hosts) steps(t *testing.T, host string, steps ...step) {
	t.Helper()
	h.visit(t, host)
	for _, s := range steps {
		if got := h.call(t, s.method, s.path, s.body); got != s.want {
			t.Fatalf("%s: %s %s: %s, want %s", host, s.method, s.path, got, s.want)
		}
	}
}

// logsIn logs in from the page, and opens it again.
func (h *hosts) logsIn(t *testing.T, host string) {
	t.Helper()
	h.steps(t, host,
		step{"GET", "auth/session", nothing, "401"},
		step{"POST", "auth/login", `{email: "ann@example.org", password: "wrong"}`, "400"},
		step{"POST", "auth/login", `{email: "ann@example.org", password: "` + clienttest.Password + `"}`, "200"},
		step{"POST", "account/email", `{email: "` + host + `@example.org"}`, "200"})
	h.steps(t, host, step{"GET", "auth/session", nothing, "200"})
}

func (h *hosts) logsOut(t *testing.T, host string) {
	t.Helper()
	h.steps(t, host,
		step{"GET", "auth/session", nothing, "200"},
		step{"DELETE", "auth/session", nothing, "401"},
		step{"GET", "auth/session", nothing, "401"})
}

// A page on another host of the site logs in, and one of another site reads nothing.
func TestABrowserOfASiblingHost(t *testing.T) {
	t.Parallel()
	h := startHosts(t, []string{siblingHost})
	h.logsIn(t, siblingHost)
	const blocked = "TypeError" // of fetch
	h.steps(t, evilHost,
		step{"GET", "config", nothing, blocked},
		step{"GET", "auth/session", nothing, blocked},
		step{"GET", "account/email", nothing, blocked},
		step{"POST", "account/email", `{email: "eve@example.org"}`, blocked})
	h.logsOut(t, siblingHost)
}

// A page of another site logs in if the cookies are made for it.
func TestABrowserOfAnotherSite(t *testing.T) {
	t.Parallel()
	h := startHosts(t, []string{otherSiteHost}, func(cfg *allauth.Config) { cfg.Sessions.CrossSite = true })
	h.logsIn(t, otherSiteHost)
	h.logsOut(t, otherSiteHost)
}
