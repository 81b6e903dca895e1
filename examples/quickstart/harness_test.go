package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
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
func startApp(tb testing.TB, o options) (string, *terminal) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	output, done := &terminal{}, make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- run(ctx, listener, o, output) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("the application ended with %v", err)
		}
	})
	return output.find(tb, `Open (http://localhost:\d+)\n`), output
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
	return b.do(t, request)
}

// get asks for a page of the application's own.
func (b *browser) get(t *testing.T, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.do(t, request)
}

func (b *browser) do(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
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
