package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testPassword = "Tr0ub4dor-and-3-horses"
	patience     = 20 * time.Second
)

// terminal is what the application prints.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// find waits for a match in what was printed since the last one, and returns its
// first group.
func (t *terminal) find(tb testing.TB, pattern string) string {
	tb.Helper()
	expression := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		t.mu.Lock()
		match := expression.FindSubmatchIndex(t.text.Bytes())
		if match != nil {
			found := string(t.text.Bytes()[match[2]:match[3]])
			t.text.Next(match[1])
			t.mu.Unlock()
			return found
		}
		t.mu.Unlock()
	}
	tb.Fatalf("nothing printed matches %q: %s", pattern, t.text.String())
	return ""
}

// startApp runs the application until the test ends and returns its address.
func startApp(tb testing.TB, file string) (string, *terminal) {
	tb.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		tb.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	_ = listener.Close() // the application takes the port
	addr := net.JoinHostPort("localhost", port)
	output, done := &terminal{}, make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- run(ctx, addr, file, output) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("the application ended with %v", err)
		}
	})
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		response, err := http.Get("http://" + addr + "/_allauth/app/v1/config")
		if err == nil {
			_ = response.Body.Close() // that it answers is enough
			return "http://" + addr, output
		}
		if time.Now().After(deadline) {
			tb.Fatal(err)
		}
	}
}

// browser is a person's browser without a screen.
type browser struct {
	*http.Client
	base string
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{&http.Client{Jar: jar}, base}
}

// call sends a request of the API and returns its status and body.
func (b *browser) call(t *testing.T, method, endpoint, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, b.base+"/_allauth/browser/v1/"+endpoint, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	origin, err := url.Parse(b.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.Jar.Cookies(origin) {
		if cookie.Name == "csrftoken" {
			request.Header.Set("X-CSRFToken", cookie.Value)
		}
	}
	response, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func (b *browser) want(t *testing.T, status int, method, endpoint, body string) {
	t.Helper()
	if got, text := b.call(t, method, endpoint, body); got != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, endpoint, got, status, text)
	}
}

const credentials = `{"email":"ann@example.org","password":"` + testPassword + `"}`

func TestSomebodyTriesItOut(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"in memory": "", "in a file": filepath.Join(t.TempDir(), "app.db")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, output := startApp(t, file)
			b := newBrowser(t, base)
			b.want(t, 200, "GET", "config", "")
			b.want(t, 401, "POST", "auth/signup", credentials)
			key, err := url.PathUnescape(output.find(t, `/account/verify-email/(\S+)`))
			if err != nil {
				t.Fatal(err)
			}
			b.want(t, 401, "POST", "auth/email/verify", `{"key":"`+key+`"}`)
			b.want(t, 200, "POST", "auth/login", credentials)
			response, err := b.Get(base + "/me")
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close() // the status says all
			if response.StatusCode != http.StatusOK {
				t.Errorf("/me: status %d", response.StatusCode)
			}
			b.want(t, 401, "DELETE", "auth/session", "")
		})
	}
}

func TestWhatIsInTheFileStays(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "app.db")
	t.Run("first", func(t *testing.T) {
		base, output := startApp(t, file)
		b := newBrowser(t, base)
		b.want(t, 200, "GET", "config", "")
		b.want(t, 401, "POST", "auth/signup", credentials)
		key, err := url.PathUnescape(output.find(t, `/account/verify-email/(\S+)`))
		if err != nil {
			t.Fatal(err)
		}
		b.want(t, 401, "POST", "auth/email/verify", `{"key":"`+key+`"}`)
	})
	t.Run("second", func(t *testing.T) {
		base, _ := startApp(t, file)
		b := newBrowser(t, base)
		b.want(t, 200, "GET", "config", "")
		b.want(t, 200, "POST", "auth/login", credentials)
	})
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	base, _ := startApp(t, "")
	for path, want := range map[string]string{
		"/": "text/html", "/account/verify-email/abc": "text/html", "/app.js": "text/javascript", "/style.css": "text/css",
	} {
		response, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close() // it has been read
		if err != nil {
			t.Fatal(err)
		}
		policy := response.Header.Get("Content-Security-Policy")
		if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), want) || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: status %d, type %q, policy %q", path, response.StatusCode, response.Header.Get("Content-Type"), policy)
		}
		if strings.Contains(string(text), "https://") {
			t.Errorf("%s refers to another site", path)
		}
	}
}
