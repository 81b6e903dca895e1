package breach

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	listed   = "password123"
	unlisted = "correct-horse-9-battery"
)

// digits are those of the hash of a password.
func digits(password string) string { return strings.ToUpper(hex.EncodeToString(hashOf(password))) }

// serve starts a server of ranges.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL + "/range/"
}

// padded answers with the range of listed, which contains padding: the rest of the hash of
// a password that is not in the list, with the count 0.
func padded(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintf(w, "%s:0\r\n%s:12\r\n%s:0\r\n", strings.Repeat("A", suffixLength), digits(listed)[5:], digits(unlisted)[5:])
}

func TestRangeSendsOnlyFiveDigits(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 2)
	r := &Range{URL: serve(t, func(w http.ResponseWriter, request *http.Request) {
		asked <- request
		padded(w, request)
	})}
	for password, want := range map[string]bool{listed: true, unlisted: false} {
		found, err := r.Contains(context.Background(), password)
		if err != nil || found != want {
			t.Errorf("%s: %v, %v", password, found, err)
		}
		request := <-asked
		if request.URL.Path != "/range/"+digits(password)[:5] || request.URL.RawQuery != "" || request.Header.Get("Add-Padding") != "true" {
			t.Errorf("%s %v", request.URL, request.Header)
		}
		for name, values := range request.Header {
			if strings.Contains(strings.Join(values, " "), digits(password)[5:]) {
				t.Errorf("the header %s has the rest of the hash", name)
			}
		}
	}
}

// list is a list of one password, or fails.
type list struct {
	password string
	err      error
}

func (l list) Contains(_ context.Context, password string) (bool, error) {
	return password == l.password, l.err
}
func (l list) Validate() error { return l.err }

// Without an answer the fallback is asked, and without that the lookup fails. No error has
// the digits.
func TestRangeThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"fails":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"limits": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere/"+r.URL.Path, http.StatusFound)
		},
		"hangs":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a page":   func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<html>Log in to the hotel</html>") },
		"nothing":  func(http.ResponseWriter, *http.Request) {},
		"cuts off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			for range maxAnswer / 38 * 2 {
				_, _ = fmt.Fprintf(w, "%s:1\n", strings.Repeat("A", suffixLength))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &Range{URL: serve(t, handler), Timeout: 200 * time.Millisecond}
			found, err := r.Contains(context.Background(), listed)
			if err == nil || found {
				t.Errorf("%v, %v", found, err)
			}
			if text := fmt.Sprint(err); strings.Contains(text, digits(listed)[:5]) || strings.Contains(text, listed) {
				t.Errorf("the error has digits: %v", err)
			}
			r.Fallback = list{password: listed}
			if found, err := r.Contains(context.Background(), listed); err != nil || !found {
				t.Errorf("fallback: %v, %v", found, err)
			}
			r.Fallback = list{err: errors.New("no file")}
			if _, err := r.Contains(context.Background(), listed); err == nil || err.Error() != "no file" {
				t.Errorf("without both: %v", err)
			}
		})
	}
}

func TestRangeSettings(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*Range{
		"":              {},
		"absolute":      {URL: "ranges"},
		"not encrypted": {URL: "http://ranges.example.com/"},
		"negative":      {Timeout: -1},
		"no file":       {Fallback: list{err: errors.New("no file")}},
	} {
		if err := r.Validate(); (err != nil) != (name != "") || err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (&Range{URL: "http://127.0.0.1:1/range/", Fallback: list{}}).Validate(); err != nil {
		t.Error(err)
	}
}
