package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

// throughSocket sends a request through a unix socket, as a proxy does.
func throughSocket(t *testing.T, path, forwarded, method, endpoint, token string, body any) (int, map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://proxy/_allauth/app/v1/"+endpoint, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", forwarded)
	if token != "" {
		r.Header.Set("X-Session-Token", token)
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

// Behind a unix socket the header of the proxy distinguishes clients, if it is
// trusted.
func TestClientsBehindAUnixSocket(t *testing.T) {
	t.Parallel()
	for name, trusted := range map[string]bool{"trusted": true, "not trusted": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, err := os.MkdirTemp("", "allauth") // the path of a socket must be short
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.RemoveAll(folder) }) // a leftover does no harm
			path := filepath.Join(folder, "s")
			config := configFor(t, smtpsink.Start(t))
			config["rate_limits"] = map[string]any{"signup": "1/h/ip"}
			config["account"] = map[string]any{"email_verification": "none"}
			if trusted {
				config["trusted_proxies"] = []any{"unix", "10.0.0.0/8"}
			}
			startServerOn(t, config, "unix:"+path).kill() // and leaves its socket behind
			startServerOn(t, config, "unix:"+path)
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
				t.Errorf("the socket is %v, error %v", info, err)
			}
			signUp := func(email, forwarded string) (int, string) {
				status, answer := throughSocket(t, path, forwarded, http.MethodPost, "auth/signup", "", map[string]any{"email": email, "password": testPassword})
				meta, _ := answer["meta"].(map[string]any)
				token, _ := meta["session_token"].(string)
				return status, token
			}
			first, token := signUp("ann@example.org", "203.0.113.1, 10.1.1.1,")
			other, _ := signUp("bob@example.org", "203.0.113.2")
			again, _ := signUp("cid@example.org", `"203.0.113.1:4711"`)
			want := map[bool][3]int{true: {200, 200, 429}, false: {200, 429, 429}}[trusted]
			if got := [3]int{first, other, again}; got != want {
				t.Errorf("sign-ups of two clients, and of the first again: %v, want %v", got, want)
			}
			_, answer := throughSocket(t, path, "203.0.113.1", http.MethodGet, "auth/sessions", token, nil)
			list, _ := answer["data"].([]any)
			if len(list) != 1 {
				t.Fatalf("sessions %v", answer)
			}
			session, _ := list[0].(map[string]any)
			if wantIP := map[bool]string{true: "203.0.113.1", false: ""}[trusted]; session["ip"] != wantIP {
				t.Errorf("the session is from %q, want %q", session["ip"], wantIP)
			}
		})
	}
}

// A server does not take over a socket on which another server listens.
func TestASocketInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	first, err := listen(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }() // the test has ended
	if second, err := listen(t.Context(), "unix:"+path); err == nil {
		_ = second.Close() // it should not exist
		t.Error("two servers listen on one socket")
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("important"), 0o600); err != nil {
		t.Fatal(err)
	}
	if third, err := listen(t.Context(), "unix:"+file); err == nil {
		_ = third.Close() // it should not exist
		t.Error("a file became a socket")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "important" {
		t.Errorf("the file holds %q, error %v", text, err)
	}
}
