package provider

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a transport that answers for all providers: each URL gets the response
// with the longest matching key.
type world struct {
	t       testing.TB
	mu      sync.Mutex
	answers map[string]string
	// types are the media types of answers, by the same keys. Missing: JSON.
	types map[string]string
	// challenge is the PKCE challenge of the authorization request, empty if
	// there was none.
	challenge string
	// authorization is the URL that the browser was sent to, seen are the
	// requests.
	authorization *url.URL
	seen          []*http.Request
}

// RoundTrip implements http.RoundTripper.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, r)
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		if form, err := url.ParseQuery(string(text)); err == nil && form.Get("grant_type") == "authorization_code" {
			w.checkVerifier(form.Get("code_verifier"))
		}
	}
	best, found := "", false
	for part := range w.answers {
		if strings.Contains(r.URL.String(), part) && (!found || len(part) > len(best)) {
			best, found = part, true
		}
	}
	status, text := http.StatusNotFound, `{"error":"not here"}`
	if found {
		status, text = http.StatusOK, w.answers[best]
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", Request: r,
		Header: http.Header{"Content-Type": {cmp.Or(w.types[best], "application/json")}}, Body: io.NopCloser(strings.NewReader(text)),
	}, nil
}

// checkVerifier compares the PKCE verifier with the challenge.
func (w *world) checkVerifier(verifier string) {
	if w.challenge == "" {
		return
	}
	sum := sha256.Sum256([]byte(verifier))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != w.challenge {
		w.t.Errorf("the verifier %q does not match the challenge", verifier)
	}
}

const (
	testState    = "the-state"
	testVerifier = "a-verifier-of-at-least-forty-three-characters-for-pkce"
	testBack     = "https://app.example.org/_allauth/provider/x/callback"
)

// logIn logs in with a provider whose responses are those of the world.
func logIn(t *testing.T, w *world, app App, values url.Values) (*Identity, error) {
	t.Helper()
	p, err := New(app, Deps{Transport: w, QueryEmail: true, Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	if err != nil {
		t.Fatalf("%s: %v", app.Provider, err)
	}
	address, err := p.AuthCodeURL(t.Context(), Authorization{State: testState, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: testBack})
	if err != nil {
		t.Fatalf("%s: %v", app.Provider, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w.challenge = u.Query().Get("code_challenge")
	w.authorization = u
	clientID := cmp.Or(entryOf(t, app.Provider).clientIDParam, "client_id")
	if u.Scheme != "https" || u.Query().Get("state") != testState || u.Query().Get(clientID) != app.ClientID {
		t.Errorf("%s: the browser is sent to %s", app.Provider, address)
	}
	if values == nil {
		values = url.Values{"code": {"the-code"}, "state": {testState}}
	}
	return p.Exchange(t.Context(), Callback{Values: values, Nonce: "n", CodeVerifier: testVerifier, RedirectURL: testBack})
}

// summary returns an identity in one line.
func summary(id *Identity) string {
	var emails []string
	for _, e := range id.Emails {
		mark := "?"
		if e.Verified {
			mark = "!"
		}
		emails = append(emails, e.Address+mark)
	}
	return fmt.Sprintf("%s <%s> @%s %s/%s", id.UID, strings.Join(emails, ","), id.Username, id.FirstName, id.LastName)
}
