package provider

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// A request to a provider may contain a code or a token, so it is sent to no
// other host, and only encrypted.
func TestRedirectsStayOnTheirHost(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host got a request") }))
	t.Cleanup(other.Close)
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/near":
			http.Redirect(w, r, server.URL+"/answer", http.StatusFound)
		case "/far":
			http.Redirect(w, r, other.URL+"/answer", http.StatusTemporaryRedirect)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/long":
			_, _ = w.Write([]byte(`{"a":"` + strings.Repeat("a", maxAnswer) + `"}`))
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"a":`))
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			_, _ = w.Write([]byte(`{"user_agent":"` + r.UserAgent() + `"}`))
		}
	}))
	t.Cleanup(server.Close)
	client := Deps{}.withDefaults().client()
	answer, err := fetchJSON(t.Context(), client, http.MethodGet, server.URL+"/near", nil, "")
	if err != nil || answer["user_agent"] != userAgent {
		t.Errorf("a redirect on the host: %v, %v", answer, err)
	}
	for path, want := range map[string]error{"/far": ErrUnavailable, "/round": ErrUnavailable, "/long": ErrUnavailable, "/busy": ErrUnavailable, "/cut": ErrUnavailable} {
		secret := "?access_token=top-secret"
		if answer, err := fetchJSON(t.Context(), client, http.MethodPost, server.URL+path+secret, nil, "secret"); !errors.Is(err, want) || strings.Contains(err.Error(), "top-secret") {
			t.Errorf("%s: %v, %v", path, answer, err)
		}
	}
	for address, want := range map[string]bool{
		"https://id.example.org/x": true, "http://127.0.0.1:1/x": true, "http://[::1]/x": true, "http://localhost/x": true,
		"http://id.example.org/x": false, "http://127.0.0.1.example.org/x": false, "ftp://id.example.org/x": false, "https:///x": false, "//id.example.org": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := checkEndpoint(u) == nil; got != want {
			t.Errorf("%s may get requests: %v", address, got)
		}
	}
}

// Errors are logged, so they contain nothing of the request or the response.
func TestErrorsKeepSecrets(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "github", `{"id":1}`)
	w.answers["https://github.com/login/oauth/access_token"] = `{"error":"bad_verification_code\nforged log line","error_description":"secret answer"}`
	_, err := logIn(t, w, appOf("github"), nil)
	if !errors.Is(err, ErrInvalid) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %q", err)
	}
	for _, id := range []string{"untappd", "weixin", "disqus", "hubspot", "github", "facebook"} {
		p, err := New(appOf(id), Deps{Transport: down{}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Exchange(t.Context(), Callback{Values: url.Values{"code": {"the-code"}}})
		if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "the-code") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestTokensExpireByOurClock(t *testing.T) {
	t.Parallel()
	id, err := logIn(t, worldOf(t, "github", `{"id":1}`), appOf("github"), nil)
	if err != nil || !id.Token.Expiry.Equal(time.Unix(1_800_003_600, 0)) {
		t.Errorf("%v, %v", id, err)
	}
}

// Numbers of twenty digits are valid ids.
func TestNumbersStayAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "mailru", `[{"uid":15410773191172635989}]`)
	w.answers["https://connect.mail.ru/oauth/token"] = `{"access_token":"at","x_mailru_vid":15410773191172635989}`
	id, err := logIn(t, w, appOf("mailru"), nil)
	if err != nil || id.UID != "15410773191172635989" {
		t.Fatalf("%v, %v", id, err)
	}
	if asked := w.seen[len(w.seen)-1].URL.Query().Get("uids"); asked != "15410773191172635989" {
		t.Errorf("asked for %s", asked)
	}
}

// Ids that a store might confuse with others are refused.
func TestUnusableIDs(t *testing.T) {
	t.Parallel()
	for _, uid := range []string{`""`, `" "`, `" 1"`, `"1 "`, `"1\n"`, `"a\u0000b"`, `"\ud800"`, `true`, `[1]`, `{"a":1}`, `null`, `"` + strings.Repeat("a", 256) + `"`} {
		if id, err := logIn(t, worldOf(t, "github", `{"id":`+uid+`}`), appOf("github"), nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, %v", uid, id, err)
		}
	}
	for uid, want := range map[string]string{`1`: "1", `"1"`: "1", `"A b"`: "A b", `9007199254740993`: "9007199254740993", `"` + strings.Repeat("a", 255) + `"`: strings.Repeat("a", 255)} {
		if id, err := logIn(t, worldOf(t, "github", `{"id":`+uid+`}`), appOf("github"), nil); err != nil || id.UID != want {
			t.Errorf("%s: %v, %v", uid, id, err)
		}
	}
}
