package main

import (
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
	patience     = time.Minute
)

// terminal is the output of the application.
type terminal struct {
	mu      sync.Mutex
	text    []byte
	printed chan struct{} // closed when more was printed
}

func newTerminal() *terminal { return &terminal{printed: make(chan struct{})} }

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	close(t.printed)
	t.printed = make(chan struct{})
	return len(p), nil
}

// take returns the first group of the first match in the output after the last
// match.
func (t *terminal) take(expression *regexp.Regexp) (string, bool, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	match := expression.FindSubmatchIndex(t.text)
	if match == nil {
		return "", false, t.printed
	}
	found := string(t.text[match[2]:match[3]])
	t.text = t.text[match[1]:]
	return found, true, nil
}

// find is take, but waits for the match.
func (t *terminal) find(tb testing.TB, pattern string) string {
	tb.Helper()
	expression, late := regexp.MustCompile(pattern), time.After(patience)
	for {
		found, ok, printed := t.take(expression)
		if ok {
			return found
		}
		select {
		case <-printed:
		case <-late:
			tb.Fatalf("nothing printed matches %q", pattern)
		}
	}
}

// startApp runs the application until the test ends, and returns its URL.
func startApp(tb testing.TB, o options) (string, *terminal) {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	output, done := newTerminal(), make(chan error, 1)
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

// browser is an HTTP client with cookies.
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

// call sends a request to the API and returns its status and body.
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

// get requests a page of the application.
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
	defer func() { _ = response.Body.Close() }() // the body has been read
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
