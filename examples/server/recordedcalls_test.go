package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

// recorded is a client that others wrote, with the calls that its code makes.
type recorded struct {
	// name and version say which client it is.
	name, version string
	config        map[string]any
	// base is the path of the API.
	base string
	// send adds what the client sends with a request, and learn keeps what it keeps of a
	// response. They may be nil.
	send  func(c *caller, r *http.Request)
	learn func(c *caller, r *http.Request, status int, body map[string]any)
	calls []recordedCall
}

// recordedCall is a call, the status it is answered with, and what the client reads of
// the body: "path" must exist, "path=value" must have the value, and "path>name" is kept
// for the bodies of later calls as $name. A path leads through members and lists, in
// which an id, a type, an address or an index selects one.
type recordedCall struct {
	call, body string
	status     int
	reads      []string
}

// caller makes the calls of a client. kept are texts for the bodies of calls.
type caller struct {
	t    *testing.T
	sink *smtpsink.Sink
	http *http.Client
	url  *url.URL
	kept map[string]string
}

const (
	recordedEmail  = "ann@example.org"
	recordedSecond = "second@example.org"
)

// text inserts what was kept: $key and $code are the next ones that were mailed, and $sent
// is the last one of them.
func (c *caller) text(template string) string {
	for _, name := range []string{"key", "code"} {
		if strings.Contains(template, "$"+name) {
			c.kept[name] = c.mailed(name)
			c.kept["sent"] = c.kept[name]
		}
	}
	if strings.Contains(template, "$totp") {
		code, err := totp.GenerateCode(c.kept["secret"], time.Now())
		if err != nil {
			c.t.Fatal(err)
		}
		c.kept["totp"] = code
	}
	return regexp.MustCompile(`\$\w+`).ReplaceAllStringFunc(template, func(name string) string { return c.kept[name[1:]] })
}

// mailed returns the key or the code of the first mail with one that was not used yet.
func (c *caller) mailed(kind string) string {
	pattern := map[string]string{"key": `/(?:verify-email|key)/(\S+)`, "code": `\n([A-Z0-9]{4}-[A-Z0-9]{4})\r?\n`}[kind]
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for _, address := range []string{recordedEmail, recordedSecond} {
			for _, mail := range c.sink.Mails(address) {
				found := regexp.MustCompile(pattern).FindStringSubmatch(mail.Text)
				if found == nil || c.kept["used "+found[1]] != "" {
					continue
				}
				c.kept["used "+found[1]] = "yes"
				if key, err := url.PathUnescape(found[1]); err == nil {
					return key
				}
			}
		}
	}
	c.t.Fatalf("no mail has a %s", kind)
	return ""
}

func (c *caller) cookie(name string) string {
	for _, cookie := range c.http.Jar.Cookies(c.url) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// do makes a call and returns the status and the body.
func (c *caller) do(client recorded, call recordedCall) (int, map[string]any) {
	t := c.t
	t.Helper()
	words := strings.Fields(c.text(call.call)) // method, endpoint, headers
	request, err := http.NewRequest(words[0], c.url.String()+client.base+words[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	if call.body != "" {
		text := c.text(call.body)
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Accept", "application/json")
	for _, header := range words[2:] {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Set(name, value)
	}
	client.send(c, request)
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var body map[string]any
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil { // all of them parse every response
		t.Fatalf("%s: %v in %q", call.call, err, text)
	}
	if status := body["status"]; status != json.Number(strconv.Itoa(response.StatusCode)) {
		t.Errorf("%s: status %d, but %v in the body", call.call, response.StatusCode, status)
	}
	if client.learn != nil {
		client.learn(c, request, response.StatusCode, body)
	}
	return response.StatusCode, body
}

// read checks one of recordedCall.reads.
func (c *caller) read(what string, body map[string]any) error {
	path, want, isExact := strings.Cut(what, "=")
	path, name, _ := strings.Cut(path, ">")
	value := at(body, path)
	switch {
	case value == nil:
		return fmt.Errorf("%s is missing", path)
	case isExact && fmt.Sprint(value) != want:
		return fmt.Errorf("%s is %v, want %s", path, value, want)
	}
	if name != "" {
		c.kept[name] = fmt.Sprint(value)
	}
	return nil
}

// at returns the value at a path, nil if there is none.
func at(value any, path string) any {
	for _, part := range strings.Split(path, ".") {
		switch members := value.(type) {
		case map[string]any:
			value = members[part]
		case []any:
			value = selected(members, part)
		default:
			return nil
		}
	}
	return value
}

func selected(list []any, part string) any {
	if i, err := strconv.Atoi(part); err == nil && i < len(list) {
		return list[i]
	}
	for _, item := range list {
		members, _ := item.(map[string]any)
		for _, name := range []string{"id", "type", "param", "method"} {
			if members[name] == part {
				return members
			}
		}
	}
	return nil
}

// The calls of clients that were written for django-allauth, as their code makes them,
// work with the standalone server.
func TestRecordedCallsOfOtherClients(t *testing.T) {
	t.Parallel()
	for _, client := range []recorded{swiftClient, reactExample, allauthJS} {
		t.Run(client.name+"@"+client.version, func(t *testing.T) {
			t.Parallel()
			sink := smtpsink.Start(t)
			config := configFor(t, sink)
			for name, value := range client.config {
				config[name] = value
			}
			server := startServer(t, config)
			u, err := url.Parse(server.url)
			if err != nil {
				t.Fatal(err)
			}
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			c := &caller{t: t, sink: sink, url: u, kept: map[string]string{"password": testPassword}, http: &http.Client{Jar: jar}}
			for _, call := range client.calls {
				status, body := c.do(client, call)
				if status != call.status {
					t.Fatalf("%s: status %d, want %d: %v", call.call, status, call.status, body)
				}
				for _, what := range call.reads {
					if err := c.read(what, body); err != nil {
						t.Errorf("%s: %v: %v", call.call, err, body)
					}
				}
			}
		})
	}
}
