package headless_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/clienttest"
)

// raw sends a request as it is written, and returns the response.
func raw(t *testing.T, s *clienttest.Server, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the test has read what it needs
	method, _, _ := strings.Cut(request, " ")
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// Requests as browsers, proxies and client libraries write them. A right login is
// answered with 401, as the address is not verified.
func TestTheFormsOfRequests(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	s.Client(clienttest.App).Post("auth/signup", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(401)
	const login = `{"email":"ann@example.org","password":"` + clienttest.Password + `"}`
	base := strings.TrimPrefix(s.URL, "http://")
	path := "/_allauth/app/v1/"
	send := func(line, headers, body string) int {
		t.Helper()
		return raw(t, s, line+" HTTP/1.1\r\nHost: "+base+"\r\nConnection: close\r\n"+headers+"\r\n"+body).StatusCode
	}
	length := func(body string) string { return "Content-Length: " + strconv.Itoa(len(body)) + "\r\n" }
	const plain = "Content-Type: application/json\r\n"
	for name, c := range map[string]struct {
		line, headers, body string
		want                int
	}{
		"JSON":                          {"POST " + path + "auth/login", plain + length(login), login, 401},
		"a charset":                     {"POST " + path + "auth/login", "Content-Type: application/json; charset=utf-8\r\n" + length(login), login, 401},
		"parameters of OData":           {"POST " + path + "auth/login", "Content-Type: application/json; odata=verbose; odata.metadata=minimal\r\n" + length(login), login, 401},
		"a parameter without a value":   {"POST " + path + "auth/login", "Content-Type: application/json; odata\r\n" + length(login), login, 401},
		"a type in capitals":            {"POST " + path + "auth/login", "Content-Type: Application/JSON\r\n" + length(login), login, 401},
		"the encoding identity":         {"POST " + path + "auth/login", plain + "Content-Encoding: identity\r\n" + length(login), login, 401},
		"chunks":                        {"POST " + path + "auth/login", plain + "Transfer-Encoding: chunked\r\n", chunk(login), 401},
		"a percent-encoded path":        {"POST /%5fallauth/app/v1/auth%2flogin", plain + length(login), login, 401},
		"a query":                       {"POST " + path + "auth/login?a=b", plain + length(login), login, 401},
		"HTTP of a proxy":               {"POST http://" + base + path + "auth/login", plain + length(login), login, 401},
		"no body":                       {"POST " + path + "auth/login", "", "", 400},
		"an empty body":                 {"POST " + path + "auth/login", "Content-Length: 0\r\n", "", 400},
		"an empty body of a type":       {"POST " + path + "auth/login", "Content-Type: text/plain\r\nContent-Length: 0\r\n", "", 400},
		"no chunks":                     {"POST " + path + "auth/login", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", 400},
		"no chunks of a type":           {"POST " + path + "auth/login", plain + "Transfer-Encoding: chunked\r\n", "0\r\n\r\n", 400},
		"a trailing comma":              {"POST " + path + "auth/login", plain + length(login[:len(login)-1]+",}"), login[:len(login)-1] + ",}", 400},
		"two objects":                   {"POST " + path + "auth/login", plain + length(login+login), login + login, 400},
		"chunks without a type":         {"POST " + path + "auth/login", "Transfer-Encoding: chunked\r\n", chunk(login), 415},
		"a form":                        {"POST " + path + "auth/login", "Content-Type: application/x-www-form-urlencoded\r\n" + length("email=a"), "email=a", 415},
		"a compressed body":             {"POST " + path + "auth/login", plain + "Content-Encoding: gzip\r\n" + length(login), login, 415},
		"two encodings":                 {"POST " + path + "auth/login", plain + "Content-Encoding: identity, gzip\r\n" + length(login), login, 415},
		"a slash at the end":            {"POST " + path + "auth/login/", plain + length(login), login, 404},
		"a doubly percent-encoded path": {"POST " + path + "auth%252flogin", plain + length(login), login, 404},
		"a path in capitals":            {"POST " + path + "auth/LOGIN", plain + length(login), login, 404},
		"HEAD where GET is":             {"HEAD " + path + "auth/session", "", "", 401},
		"HEAD where GET is not":         {"HEAD " + path + "auth/login", "", "", 405},
		"OPTIONS":                       {"OPTIONS " + path + "auth/login", "", "", 200},
		"OPTIONS of no path":            {"OPTIONS " + path + "auth/nothing", "", "", 404},
	} {
		if got := send(c.line, c.headers, c.body); got != c.want {
			t.Errorf("%s: status %d, want %d", name, got, c.want)
		}
	}
}

// chunk returns a body in one chunk (RFC 9112 section 7.1).
func chunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body) }
