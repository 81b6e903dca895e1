package clienttest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// Kind is a kind of client.
type Kind string

// The kinds of clients.
const (
	App     Kind = "app"
	Browser Kind = "browser"
)

// BothKinds runs the test for an app and for a browser.
func BothKinds(t *testing.T, test func(t *testing.T, kind Kind)) {
	for _, kind := range []Kind{App, Browser} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

// Body is the input of a request.
type Body map[string]any

// Client is an app with its session token or a browser with its cookies. It is
// not safe for concurrent use; see Clone.
type Client struct {
	// Kind is the kind of client.
	Kind Kind
	// Token is the session token of an app.
	Token string
	// AccessToken and RefreshToken are the last ones that the server issued.
	AccessToken, RefreshToken string
	// Address is the IP address of its requests. Each client has its own, unless a test
	// sets that of another one. The zero value is loopback.
	Address netip.Addr
	// Header is sent with every request.
	Header http.Header
	// HTTP sends the requests. It does not follow redirects.
	HTTP *http.Client

	server *Server
}

// Client returns a client without a session, and with an address of its own.
func (s *Server) Client(kind Kind) *Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &Client{Kind: kind, Address: nextAddress(), Header: http.Header{}, server: s}
	c.HTTP = &http.Client{
		Jar: jar, Transport: &transport{c, s.Server.Client().Transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Neighbor returns a client without a session that has the address of c.
func (c *Client) Neighbor() *Client {
	neighbor := c.server.Client(c.Kind)
	neighbor.Address = c.Address
	return neighbor
}

// Tab returns another tab of the same browser, which shares its cookies, for use
// by another goroutine.
func (c *Client) Tab() *Client {
	tab := c.Neighbor()
	tab.HTTP.Jar, tab.Header = c.HTTP.Jar, c.Header.Clone()
	return tab
}

// Clone returns a client with the same session, for use by another goroutine.
func (c *Client) Clone() *Client {
	clone := c.Neighbor()
	clone.Token, clone.AccessToken, clone.RefreshToken, clone.Header = c.Token, c.AccessToken, c.RefreshToken, c.Header.Clone()
	clone.HTTP.Jar.SetCookies(c.origin(), c.HTTP.Jar.Cookies(c.origin()))
	return clone
}

func (c *Client) origin() *url.URL {
	u, err := url.Parse(c.server.URL)
	if err != nil {
		c.server.t.Fatal(err)
	}
	return u
}

// Cookie returns the value of a cookie, empty if there is none.
func (c *Client) Cookie(name string) string {
	for _, cookie := range c.HTTP.Jar.Cookies(c.origin()) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// SetCookie stores a cookie in the browser, as an attacker with access to its files can.
func (c *Client) SetCookie(name, value string) {
	c.HTTP.Jar.SetCookies(c.origin(), []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// Get sends a GET request to an endpoint like "auth/session".
func (c *Client) Get(endpoint string) *Answer {
	c.server.t.Helper()
	return c.Do(http.MethodGet, endpoint, nil)
}

// Post sends a POST request.
func (c *Client) Post(endpoint string, body any) *Answer {
	c.server.t.Helper()
	return c.Do(http.MethodPost, endpoint, body)
}

// Put sends a PUT request.
func (c *Client) Put(endpoint string, body any) *Answer {
	c.server.t.Helper()
	return c.Do(http.MethodPut, endpoint, body)
}

// Patch sends a PATCH request.
func (c *Client) Patch(endpoint string, body any) *Answer {
	c.server.t.Helper()
	return c.Do(http.MethodPatch, endpoint, body)
}

// Delete sends a DELETE request. The body may be nil.
func (c *Client) Delete(endpoint string, body any) *Answer {
	c.server.t.Helper()
	return c.Do(http.MethodDelete, endpoint, body)
}

// Do sends a request. A string is sent as it is, nil is no body, and everything
// else is sent as JSON. A browser that has no CSRF token yet gets one first.
func (c *Client) Do(method, endpoint string, body any) *Answer {
	c.server.t.Helper()
	if c.Kind == Browser && method != http.MethodGet && c.Cookie("csrftoken") == "" {
		c.send(http.MethodGet, "config", nil)
	}
	return c.send(method, endpoint, body)
}

func (c *Client) send(method, endpoint string, body any) *Answer {
	t := c.server.t
	t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, c.URL(endpoint), reader)
	if err != nil {
		t.Fatal(err)
	}
	c.addHeaders(request, body != nil)
	response, err := c.HTTP.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, endpoint, err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, endpoint, err)
	}
	answer := &Answer{t: t, what: method + " " + endpoint, Response: response, Text: string(text)}
	_ = json.Unmarshal(text, &answer.JSON) // what is not JSON has no members
	c.keepTokens(answer)
	return answer
}

// URL returns the full URL of an endpoint.
func (c *Client) URL(endpoint string) string {
	return c.server.URL + "/_allauth/" + string(c.Kind) + "/v1/" + endpoint
}

// addHeaders sets the headers of a request: the token, the CSRF token and Header.
func (c *Client) addHeaders(r *http.Request, hasBody bool) {
	for name, values := range c.Header {
		r.Header[name] = values
	}
	if hasBody && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	switch {
	case c.Kind == Browser && r.Header.Get("X-CSRFToken") == "":
		r.Header.Set("X-CSRFToken", c.Cookie("csrftoken"))
	case c.Kind == App && c.Token != "":
		r.Header.Set("X-Session-Token", c.Token)
	}
}

// keepTokens stores the tokens that the answer contains.
func (c *Client) keepTokens(a *Answer) {
	for name, field := range map[string]*string{
		"session_token": &c.Token, "access_token": &c.AccessToken, "refresh_token": &c.RefreshToken,
	} {
		if text, ok := a.Value("meta", name).(string); ok {
			*field = text
		}
	}
}
