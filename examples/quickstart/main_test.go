package main

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const credentials = `{"email":"ann@example.org","password":"` + testPassword + `"}`

// signUp creates an account and verifies its address.
func signUp(t *testing.T, b *browser, output *terminal) {
	t.Helper()
	b.want(t, 200, "GET", "config", "")
	b.want(t, 401, "POST", "auth/signup", credentials)
	key, err := url.PathUnescape(output.find(t, `/account/verify-email/(\S+)`))
	if err != nil {
		t.Fatal(err)
	}
	b.want(t, 401, "POST", "auth/email/verify", `{"key":"`+key+`"}`)
}

func TestTheApplication(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"in memory": "", "in a file": filepath.Join(t.TempDir(), "app.db")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, output := startApp(t, options{file: file})
			b := newBrowser(t, base)
			if status, _ := b.get(t, "/me"); status != http.StatusUnauthorized {
				t.Errorf("/me before the login: status %d", status)
			}
			signUp(t, b, output)
			b.want(t, 200, "POST", "auth/login", credentials)
			if status, text := b.get(t, "/me"); status != http.StatusOK || !strings.HasPrefix(text, "You are user ") {
				t.Errorf("/me: status %d: %s", status, text)
			}
			b.want(t, 401, "DELETE", "auth/session", "")
			if status, _ := b.get(t, "/me"); status != http.StatusUnauthorized {
				t.Errorf("/me after the logout: status %d", status)
			}
		})
	}
}

func TestWhatIsInTheFileStays(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "app.db")
	t.Run("first", func(t *testing.T) {
		base, output := startApp(t, options{file: file})
		signUp(t, newBrowser(t, base), output)
	})
	t.Run("second", func(t *testing.T) {
		base, _ := startApp(t, options{file: file})
		b := newBrowser(t, base)
		b.want(t, 200, "GET", "config", "")
		b.want(t, 200, "POST", "auth/login", credentials)
	})
	info, err := os.Stat(file + ".secret")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() != secretSize || info.Mode().Perm() != 0o600 {
		t.Errorf("the secret has %d bytes and mode %v", info.Size(), info.Mode())
	}
}

func TestABadSecretIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "app.db")
	if err := os.WriteFile(file+".secret", []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t.Context(), file); err == nil || !strings.Contains(err.Error(), "5 bytes") {
		t.Errorf("open = %v", err)
	}
}

func TestURLOf(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://localhost:8080", "[::1]:80": "http://localhost:80", "0.0.0.0:1": "http://localhost:1",
		"[::]:8080": "http://localhost:8080", "192.0.2.1:8080": "http://192.0.2.1:8080", "[2001:db8::1]:1": "http://[2001:db8::1]:1",
	} {
		parsed, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := urlOf(parsed); got != want {
			t.Errorf("urlOf(%s) = %s, want %s", addr, got, want)
		}
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	base, _ := startApp(t, options{})
	for path, want := range map[string]string{
		"/": "text/html", "/account/verify-email/abc": "text/html", "/app.js": "text/javascript",
		"/features/email.js": "text/javascript", "/style.css": "text/css",
	} {
		response, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close() // the body has been read
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), want) {
			t.Errorf("%s: status %d, type %q", path, response.StatusCode, response.Header.Get("Content-Type"))
		}
		got := response.Header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(got+";", directive+";") {
				t.Errorf("%s: the policy lacks %s: %s", path, directive, got)
			}
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", path, response.Header)
		}
		if strings.Contains(string(text), "://") {
			t.Errorf("%s refers to another site", path)
		}
	}
}
