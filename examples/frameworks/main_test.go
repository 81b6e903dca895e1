package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/users"
)

const password = "Tr0ub4dor-and-3-horses"

// site is an application with the account of Ann.
type site struct {
	*httptest.Server
	t    *testing.T
	auth *allauth.Auth
	ann  string // the id
}

func start(t *testing.T, application func(auth *allauth.Auth) http.Handler) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	auth, err := newAuth("http://localhost:" + portOf(t, server.Listener.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = application(auth)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	ann, err := auth.Users().Create(t.Context(), users.Create{Emails: []users.Email{{Address: "ann@example.org", Verified: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := auth.Users().SetPassword(t.Context(), ann.ID, password); err != nil {
		t.Fatal(err)
	}
	return &site{server, t, auth, ann.ID}
}

func portOf(t *testing.T, addr net.Addr) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// send sends a request. header has pairs of names and values.
func (s *site) send(client *http.Client, method, path, body string, header ...string) (status int, text string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

// browser returns a client in which Ann is logged in.
func (s *site) browser() *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	s.send(client, http.MethodGet, "/_allauth/browser/v1/config", "")
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	var token string
	for _, cookie := range jar.Cookies(r.URL) {
		if cookie.Name == "csrftoken" {
			token = cookie.Value
		}
	}
	credentials := `{"email": "ann@example.org", "password": "` + password + `"}`
	status, text := s.send(client, http.MethodPost, "/_allauth/browser/v1/auth/login", credentials, "Content-Type", "application/json", "X-CSRFToken", token)
	if status != http.StatusOK {
		s.t.Fatalf("login: %d %s", status, text)
	}
	return client
}

// token returns the session token of an app in which Ann is logged in.
func (s *site) token() string {
	s.t.Helper()
	credentials := `{"email": "ann@example.org", "password": "` + password + `"}`
	status, text := s.send(http.DefaultClient, http.MethodPost, "/_allauth/app/v1/auth/login", credentials, "Content-Type", "application/json")
	var answer struct {
		Meta struct {
			SessionToken string `json:"session_token"`
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Meta.SessionToken == "" {
		s.t.Fatalf("login: %d %s", status, text)
	}
	return answer.Meta.SessionToken
}

// Every router serves the API, finds the user, answers others itself, and refuses forms of
// other sites.
func TestRouters(t *testing.T) {
	t.Parallel()
	for name, application := range frameworks {
		if name == "connect" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, application)
			if status, text := s.send(http.DefaultClient, http.MethodGet, "/me", ""); status != http.StatusUnauthorized || !strings.Contains(text, `"flows"`) || strings.Contains(text, s.ann) {
				t.Errorf("without a user: %d %s", status, text)
			}
			browser := s.browser()
			if status, text := s.send(browser, http.MethodGet, "/me", ""); status != http.StatusOK || text != s.ann {
				t.Errorf("with a cookie: %d %s", status, text)
			}
			if status, text := s.send(http.DefaultClient, http.MethodGet, "/me", "", "X-Session-Token", s.token()); status != http.StatusOK || text != s.ann {
				t.Errorf("with a token: %d %s", status, text)
			}
			if status, text := s.send(browser, http.MethodPost, "/orders", "", "Sec-Fetch-Site", "same-origin"); status != http.StatusCreated {
				t.Errorf("a form: %d %s", status, text)
			}
			if status, text := s.send(browser, http.MethodPost, "/orders", "", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
				t.Errorf("a form of another site: %d %s", status, text)
			}
			if status, _ := s.send(browser, http.MethodDelete, "/_allauth/browser/v1/auth/session", ""); status != http.StatusForbidden {
				t.Errorf("the API without a CSRF token: %d", status)
			}
		})
	}
}

func TestConnect(t *testing.T) {
	t.Parallel()
	s := start(t, withConnect)
	call := func(client *http.Client, header ...string) (string, error) {
		r := connect.NewRequest(&emptypb.Empty{})
		for i := 0; i+1 < len(header); i += 2 {
			r.Header().Set(header[i], header[i+1])
		}
		answer, err := connect.NewClient[emptypb.Empty, wrapperspb.StringValue](client, s.URL+whoAmI).CallUnary(t.Context(), r)
		if err != nil {
			return "", err
		}
		return answer.Msg.GetValue(), nil
	}
	if _, err := call(http.DefaultClient); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("without a user: %v", err)
	}
	if user, err := call(http.DefaultClient, "X-Session-Token", s.token()); err != nil || user != s.ann {
		t.Errorf("with a token: %q, %v", user, err)
	}
	browser := s.browser()
	if user, err := call(browser, "Sec-Fetch-Site", "same-origin"); err != nil || user != s.ann {
		t.Errorf("with a cookie: %q, %v", user, err)
	}
	var refused *connect.Error
	if _, err := call(browser, "Sec-Fetch-Site", "cross-site"); !errors.As(err, &refused) || refused.Code() != connect.CodePermissionDenied {
		t.Errorf("another site: %v", err)
	}
}

func TestRunNamesTheFrameworks(t *testing.T) {
	t.Parallel()
	if err := run("martini", ""); err == nil || !strings.Contains(err.Error(), "[chi connect echo gin nethttp]") {
		t.Errorf("%v", err)
	}
}
