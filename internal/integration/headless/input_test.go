package headless_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/internal/clienttest"
)

// everything turns on all features of accounts.
func everything(cfg *allauth.Config) {
	again := account.CodeConfig{Resends: 2, Changes: 2}
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: again}
	cfg.Account.Phone = &account.PhoneConfig{CodeConfig: again}
}

// endpoints are those with a body.
var endpoints = []struct{ method, path string }{
	{"POST", "auth/login"}, {"POST", "auth/signup"}, {"POST", "auth/email/verify"}, {"POST", "auth/email/verify/resend"},
	{"POST", "auth/password/request"}, {"POST", "auth/password/reset"}, {"POST", "auth/reauthenticate"},
	{"POST", "auth/code/request"}, {"POST", "auth/code/confirm"}, {"POST", "auth/code/resend"},
	{"POST", "auth/phone/verify"}, {"POST", "auth/phone/verify/resend"},
	{"POST", "account/email"}, {"PUT", "account/email"}, {"PATCH", "account/email"}, {"DELETE", "account/email"},
	{"POST", "account/phone"}, {"POST", "account/password/change"}, {"DELETE", "auth/sessions"},
}

// badBodies are invalid bodies.
var badBodies = map[string]string{
	"truncated":          `{"email":`,
	"not JSON":           `email=ann@example.org`,
	"an array":           `[]`,
	"a text":             `"email"`,
	"a number":           `1`,
	"true":               `true`,
	"wrong types":        `{"email":1,"email2":{},"username":[],"password":{},"new_password":[],"current_password":7,"key":{},"code":[],"phone":{},"sessions":"x","primary":"yes"}`,
	"nulls":              `{"email":null,"username":null,"password":null,"new_password":null,"key":null,"code":null,"phone":null,"sessions":null,"primary":null}`,
	"NUL":                `{"email":"a\u0000@example.org","username":"a\u0000","password":"Tr0ub4dor\u0000horse","key":"a\u0000","code":"a\u0000","phone":"+3120\u0000"}`,
	"invalid UTF-8":      "{\"email\":\"a\xff@example.org\",\"password\":\"\xc3\x28aaaaaaaa\"}",
	"duplicate members":  `{"email":"a@example.org","email":"b@example.org","password":"x"}`,
	"half a surrogate":   `{"email":"a\ud800@example.org"}`,
	"deep":               strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000),
	"a megabyte":         `{"email":"` + strings.Repeat("a", 1<<20) + `"}`,
	"a megabyte of tail": `{}` + strings.Repeat(" ", 1<<20),
	"long texts":         `{"email":"` + strings.Repeat("a", 4000) + `@example.org","password":"` + strings.Repeat("b", 4000) + `","username":"` + strings.Repeat("c", 4000) + `","key":"` + strings.Repeat("d", 4000) + `"}`,
	"huge numbers":       `{"code":1e999999,"key":` + strings.Repeat("9", 4000) + `,"sessions":[1e400,-1,0.5]}`,
	"line breaks":        `{"email":"a@example.org\r\nBcc: b@example.org","phone":"+3120\n1234567"}`,
}

func TestBadInputIsRefusedAndNothingIsStored(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t, everything)
		user := s.SignUp(kind, "ann@example.org")
		before := user.Get("account/email").Text
		for _, endpoint := range endpoints {
			for name, text := range badBodies {
				for who, c := range map[string]*clienttest.Client{"anonymous": s.Client(kind), "a user": user} {
					answer := c.Do(endpoint.method, endpoint.path, text)
					bodyless := strings.HasSuffix(endpoint.path, "resend")
					if answer.StatusCode < 400 && !bodyless || answer.StatusCode >= 500 {
						t.Errorf("%s %s with %s from %s: status %d", endpoint.method, endpoint.path, name, who, answer.StatusCode)
					}
					checkShape(t, answer)
				}
			}
		}
		if after := user.Get("account/email").Text; after != before {
			t.Errorf("addresses were %s, are %s", before, after)
		}
		user.Get("auth/session").LoggedIn("ann@example.org")
	})
}

// checkShape checks that an error response is documented JSON.
func checkShape(t *testing.T, a *clienttest.Answer) {
	t.Helper()
	if status, _ := a.JSON["status"].(float64); int(status) != a.StatusCode {
		t.Errorf("status %d in the body of a %d: %s", int(status), a.StatusCode, a.Text)
	}
	if a.StatusCode == http.StatusBadRequest {
		if list, _ := a.JSON["errors"].([]any); len(list) == 0 {
			t.Errorf("a 400 without errors: %s", a.Text)
		}
	}
	if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control %q", got)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	clienttest.BothKinds(t, func(t *testing.T, kind clienttest.Kind) {
		s := clienttest.Start(t)
		for _, path := range []string{"", "auth", "auth/login/", "auth//login", "nothing/here", "config/../auth/session", "%2e%2e/config"} {
			answer := s.Client(kind).Get(path).Status(404)
			checkShape(t, answer)
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE", "TRACE", "BREW"} {
			answer := s.Client(kind).Do(method, "config", nil)
			if answer.StatusCode != 405 || !strings.Contains(answer.Header.Get("Allow"), "GET") {
				t.Errorf("%s config: status %d, Allow %q", method, answer.StatusCode, answer.Header.Get("Allow"))
			}
		}
		if answer := s.Client(kind).Do("OPTIONS", "auth/login", nil); answer.StatusCode != 200 || answer.Header.Get("Allow") != "OPTIONS, POST" {
			t.Errorf("OPTIONS: status %d, Allow %q", answer.StatusCode, answer.Header.Get("Allow"))
		}
	})
}

func TestOnlyJSONIsRead(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ";"} {
		c := s.Client(clienttest.App)
		c.Header.Set("Content-Type", contentType)
		c.Post("auth/login", clienttest.Body{"email": "ann@example.org", "password": clienttest.Password}).Status(415)
	}
	c := s.Client(clienttest.App)
	c.Header.Set("Content-Encoding", "gzip")
	c.Post("auth/login", clienttest.Body{}).Status(415)
}

func TestAClientKindCanBeLeftOut(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t, func(cfg *allauth.Config) { cfg.Headless.Clients = []string{"app"} })
	s.Client(clienttest.App).Get("config").Status(200)
	s.Client(clienttest.Browser).Get("config").Status(404)
}

func TestATokenIsValidForOneKindOfClient(t *testing.T) {
	t.Parallel()
	s := clienttest.Start(t)
	app := s.SignUp(clienttest.App, "ann@example.org")
	browser := s.LogIn(clienttest.Browser, "ann@example.org")
	stolen := s.Client(clienttest.App)
	stolen.Token = browser.Cookie("sessionid")
	stolen.Get("auth/session").Status(410)
	stolen = s.Client(clienttest.Browser)
	stolen.Header.Set("Cookie", "sessionid="+app.Token)
	stolen.Get("auth/session").Status(401)
	mixed := s.Client(clienttest.App)
	mixed.Header.Set("Cookie", "sessionid="+browser.Cookie("sessionid"))
	mixed.Get("auth/session").Status(401)
}

// FuzzBodies sends any body to any endpoint, with and without a session.
func FuzzBodies(f *testing.F) {
	for i := range endpoints {
		for _, text := range badBodies {
			if len(text) < 1000 {
				f.Add(i, text)
			}
		}
	}
	f.Add(0, `{"email":"ann@example.org","password":"Tr0ub4dor-and-3-horses"}`)
	s := clienttest.Start(f, everything)
	user := s.SignUp(clienttest.App, "ann@example.org")
	f.Fuzz(func(t *testing.T, endpoint int, text string) {
		e := endpoints[uint(endpoint)%uint(len(endpoints))]
		for _, token := range []string{"", user.Token} {
			request := httptest.NewRequest(e.method, "/_allauth/app/v1/"+e.path, strings.NewReader(text))
			request.Header.Set("Content-Type", "application/json")
			if token != "" {
				request.Header.Set("X-Session-Token", token)
			}
			answer := httptest.NewRecorder()
			s.Auth.ServeHTTP(answer, request)
			if answer.Code >= 500 {
				t.Errorf("%s %s with %q: status %d", e.method, e.path, text, answer.Code)
			}
			if !json.Valid(answer.Body.Bytes()) {
				t.Errorf("%s %s with %q: the answer is not JSON: %q", e.method, e.path, text, answer.Body)
			}
		}
	})
}
