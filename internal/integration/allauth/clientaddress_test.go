package allauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// Sessions, limits and mails use the address that ClientIP returns, or the one
// without ClientIP if it returns none.
func TestTheHostTellsTheAddressOfAClient(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) {
		cfg.Account.EmailVerification = authn.VerificationNone
		cfg.TrustUnixSockets = true
		cfg.DisableRateLimits, cfg.RateLimits = false, map[string]string{"signup": "1/h/ip"}
		cfg.ClientIP = func(r *http.Request) netip.Addr {
			addr, _ := netip.ParseAddr(r.Header.Get("Fly-Client-IP"))
			return addr
		}
	})
	for _, c := range []struct {
		name, peer, header, want string
		limited                  bool
	}{
		{"the header of the host's proxy", "10.0.0.1:1", "203.0.113.1", "203.0.113.1", false},
		{"a mapped address", "10.0.0.1:1", "::ffff:203.0.113.2", "203.0.113.2", false},
		{"an address with a zone", "10.0.0.1:1", "fe80::1%eth0", "fe80::1", false},
		{"no header", "10.0.0.1:1", "", "10.0.0.1", false},
		{"no header behind a unix socket", "@", "", "198.51.100.7", false},
		{"the first one again", "10.0.0.2:1", "203.0.113.1", "", true},
	} {
		ask := func(method, endpoint, token, body string) (int, map[string]any) {
			r := httptest.NewRequest(method, "/_allauth/app/v1/"+endpoint, strings.NewReader(body))
			r.RemoteAddr = c.peer
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Forwarded-For", "198.51.100.7")
			r.Header.Set("X-Session-Token", token)
			if c.header != "" {
				r.Header.Set("Fly-Client-IP", c.header)
			}
			w := httptest.NewRecorder()
			s.Auth.ServeHTTP(w, r)
			var answer map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			return w.Code, answer
		}
		name := strings.ReplaceAll(c.name, " ", "-")
		status, answer := ask(http.MethodPost, "auth/signup", "", `{"email": "`+name+`@example.org", "password": "`+clienttest.Password+`"}`)
		if c.limited {
			if status != http.StatusTooManyRequests {
				t.Errorf("%s: status %d, want 429", c.name, status)
			}
			continue
		}
		meta, _ := answer["meta"].(map[string]any)
		token, _ := meta["session_token"].(string)
		_, answer = ask(http.MethodGet, "auth/sessions", token, "")
		list, _ := answer["data"].([]any)
		if status != http.StatusOK || len(list) != 1 || list[0].(map[string]any)["ip"] != c.want {
			t.Errorf("%s: status %d, sessions %v, want one from %s", c.name, status, list, c.want)
		}
	}
}
