package demoprovider_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/demoprovider"
)

const back = "http://127.0.0.1:1/callback?x=1"

func start(t *testing.T) *demoprovider.Provider {
	t.Helper()
	p, err := demoprovider.Start(demoprovider.Config{
		ClientID: "demo", ClientSecret: "s&cret", Title: "Who <are> you",
		People: []demoprovider.Person{{Subject: "1", Name: "<b>Ann</b>", Email: "ann@example.org", EmailVerified: true}},
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	return p
}

func authorizeURL(p *demoprovider.Provider, edit ...string) string {
	q := url.Values{
		"client_id": {"demo"}, "response_type": {"code"}, "scope": {"openid email"}, "redirect_uri": {back}, "state": {"st&te"},
		"nonce": {"n"}, "code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, // RFC 7636 appendix B
	}
	for i := 0; i+1 < len(edit); i += 2 {
		q.Set(edit[i], edit[i+1])
	}
	return p.Issuer() + "/authorize?" + q.Encode()
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func read(t *testing.T, response *http.Response, err error) (int, string, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header.Get("Location")
}

func TestPageShowsPeople(t *testing.T) {
	t.Parallel()
	p := start(t)
	response, err := client.Get(authorizeURL(p))
	status, text, _ := read(t, response, err)
	if status != 200 || !strings.Contains(text, "&lt;b&gt;Ann&lt;/b&gt;") || !strings.Contains(text, "Who &lt;are&gt; you") {
		t.Fatalf("status %d: %s", status, text)
	}
	for name, target := range map[string]string{
		"client": authorizeURL(p, "client_id", "other"), "response type": authorizeURL(p, "response_type", "token"),
		"scope": authorizeURL(p, "scope", "email"), "redirect URI": authorizeURL(p, "redirect_uri", "javascript:alert(1)"),
	} {
		response, err := client.Get(target)
		if status, _, where := read(t, response, err); status != 400 || where != "" {
			t.Errorf("other %s: status %d, sent to %s", name, status, where)
		}
	}
}

func TestCodesAreValidOnce(t *testing.T) {
	t.Parallel()
	p := start(t)
	exchange := func(edit ...string) (int, map[string]any) {
		response, err := client.PostForm(authorizeURL(p), url.Values{"person": {"1"}})
		status, _, where := read(t, response, err)
		u, err := url.Parse(where)
		if status != 303 || err != nil || u.Query().Get("x") != "1" || u.Query().Get("state") != "st&te" || u.Query().Get("iss") != p.Issuer() {
			t.Fatalf("status %d, sent to %s", status, where)
		}
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")}, "redirect_uri": {back},
			"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}, "client_id": {"demo"}, "client_secret": {"s&cret"},
		}
		for i := 0; i+1 < len(edit); i += 2 {
			form.Set(edit[i], edit[i+1])
		}
		var answer map[string]any
		for range 2 {
			response, err := client.PostForm(p.Issuer()+"/token", form)
			again, text, _ := read(t, response, err)
			if answer != nil {
				if again == 200 {
					t.Error("the code was good twice")
				}
				break
			}
			status = again
			if err := json.Unmarshal([]byte(text), &answer); err != nil {
				t.Fatal(err)
			}
		}
		return status, answer
	}
	status, answer := exchange()
	if id, _ := answer["id_token"].(string); status != 200 || strings.Count(id, ".") != 2 {
		t.Fatalf("status %d: %v", status, answer)
	}
	for _, edit := range [][]string{
		{"code_verifier", "x"}, {"redirect_uri", "http://127.0.0.1:1/"}, {"client_secret", "x"}, {"grant_type", "password"}, {"code", "x"},
	} {
		if status, answer := exchange(edit...); status == 200 || answer["error"] == nil {
			t.Errorf("%v: status %d", edit, status)
		}
	}
	request, err := http.NewRequest(http.MethodGet, p.Issuer()+"/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if status, _, _ := read(t, response, err); status != 401 {
		t.Errorf("user info without a token: status %d", status)
	}
}

func TestOnlyOnLoopback(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":0", "0.0.0.0:0", "example.org:0", "[::]:0"} {
		if p, err := demoprovider.Start(demoprovider.Config{}, addr); err == nil {
			_ = p.Close(t.Context())
			t.Errorf("listens on %s", addr)
		}
	}
}
