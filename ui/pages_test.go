package ui

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/storage/memstore"
)

// The limits of what a first visit loads, compressed, in bytes.
const (
	maxClient = 10_000
	maxVisit  = 60_000
)

func newAuth(t *testing.T, edit ...func(cfg *allauth.Config)) *allauth.Auth {
	t.Helper()
	cfg := allauth.Config{
		BaseURL: "https://app.example.com", SiteName: "Example <&>", Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Mailer: &notify.Log{Writer: io.Discard}, Languages: []string{"en", "de", "ar"}, CleanInterval: -1, Logger: slog.New(slog.DiscardHandler),
	}
	for _, change := range edit {
		change(&cfg)
	}
	auth, err := allauth.New(cfg, memstore.New())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := auth.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return auth
}

func newPages(t *testing.T, cfg Config) http.Handler {
	t.Helper()
	handler, err := New(newAuth(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func get(t *testing.T, handler http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every address of a screen has a page with its title, without anything inline.
func TestEveryAddressHasAPage(t *testing.T) {
	t.Parallel()
	pages := newPages(t, Config{})
	inline := regexp.MustCompile(`<script>|<style|\sstyle=|\son[a-z]+=|javascript:`)
	for path, screen := range routes {
		response := get(t, pages, "/account/"+strings.ReplaceAll(path, "{key}", "a%2Fkey:1"))
		page := body(t, response)
		title := "<title>" + html.EscapeString(texts["en"][textName(screen)+".title"]) + " · Example &lt;&amp;&gt;</title>"
		if response.StatusCode != http.StatusOK || !strings.Contains(page, title) || texts["en"][textName(screen)+".title"] == "" {
			t.Errorf("%q: status %d, without %s", path, response.StatusCode, title)
		}
		if found := inline.FindString(page); found != "" {
			t.Errorf("%q has %q", path, found)
		}
		if policy := response.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") {
			t.Errorf("policy %q", policy)
		}
		if response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%q: headers %v", path, response.Header)
		}
	}
	for _, path := range []string{"/account/nothing", "/account/login/nothing", "/account/assets/old/client/client.js"} {
		if response := get(t, pages, path); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, response.StatusCode)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/account/login", nil)
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d", w.Code)
	}
}

// The addresses that mails link to without settings have pages.
func TestMailsLinkToPages(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../headless/config.go")
	if err != nil {
		t.Fatal(err)
	}
	addresses := regexp.MustCompile(`/account/[a-z/{}-]+[a-z}]`).FindAllString(string(source), -1)
	if len(addresses) != reflect.TypeFor[headless.FrontendURLs]().NumField() {
		t.Errorf("headless/config.go has the addresses %v", addresses)
	}
	for _, address := range addresses {
		if _, ok := screenOf(strings.TrimPrefix(address, "/account/")); !ok {
			t.Errorf("%s has no page", address)
		}
	}
}

func TestTheLanguageOfAPage(t *testing.T) {
	t.Parallel()
	pages := newPages(t, Config{Texts: map[string]map[string]string{"ar": {"login.title": "تسجيل الدخول"}}})
	for accepted, want := range map[string]string{
		"":                `<html lang="en" dir="ltr">`,
		"de-CH, en;q=0.5": `<html lang="de" dir="ltr">`,
		"ar":              `<html lang="ar" dir="rtl">`,
		"nl":              `<html lang="en" dir="ltr">`, // not one of the site
	} {
		response := get(t, pages, "/account/login", "Accept-Language", accepted)
		page := body(t, response)
		if !strings.Contains(page, want) || response.Header.Get("Vary") != "Accept-Language" {
			t.Errorf("%q: no %s", accepted, want)
		}
		if accepted == "ar" && !strings.Contains(page, "<title>تسجيل الدخول") {
			t.Error("the text of the host is missing")
		}
	}
}

// settingsOf returns the settings of <allauth-app> in a page.
func settingsOf(t *testing.T, page string) map[string]any {
	t.Helper()
	found := regexp.MustCompile(`settings="([^"]*)"`).FindStringSubmatch(page)
	var settings map[string]any
	if found == nil || json.Unmarshal([]byte(html.UnescapeString(found[1])), &settings) != nil {
		t.Fatal("the page has no settings")
	}
	return settings
}

func TestTheSettingsOfThePages(t *testing.T) {
	t.Parallel()
	settings := settingsOf(t, body(t, get(t, newPages(t, Config{Home: "/app"}), "/account/")))
	if fmt.Sprint(settings["signupFields"]) != "[email* password1*]" || settings["home"] != "/app" || settings["base"] != "/_allauth" || settings["csrfCookie"] != "csrftoken" {
		t.Errorf("settings %v", settings)
	}
	all := fmt.Sprint(settings["endpoints"])
	if !strings.Contains(all, "auth/sessions") || strings.Contains(all, "account/phone") || strings.Contains(all, "account/activity") {
		t.Errorf("endpoints %s", all)
	}
}

// What a first visit loads is small, and served compressed under addresses that change.
func TestSizes(t *testing.T) {
	t.Parallel()
	pages := newPages(t, Config{Accent: "#006644", CSS: ".allauth { --allauth-radius: 0 }"})
	page := body(t, get(t, pages, "/account/login", "Accept-Language", "de"))
	total, client, seen := len(page), 0, map[string]bool{}
	for _, link := range regexp.MustCompile(`(?:href|src)="(/account/assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		response := get(t, pages, link[1], "Accept-Encoding", "br, gzip")
		size := len(body(t, response))
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(response.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %v", link[1], response.StatusCode, response.Header)
		}
		if seen[link[1]] { // a module that is also preloaded
			continue
		}
		seen[link[1]] = true
		total += size
		if strings.Contains(link[1], "/client/") {
			client += size
		}
	}
	if client == 0 || client > maxClient {
		t.Errorf("the client has %d bytes, want at most %d", client, maxClient)
	}
	if total > maxVisit {
		t.Errorf("a first visit has %d bytes, want at most %d", total, maxVisit)
	}
	t.Logf("client %d, first visit %d bytes", client, total)
	other := body(t, get(t, newPages(t, Config{}), "/account/login"))
	if theme := regexp.MustCompile(`assets/\w+/`); theme.FindString(page) == theme.FindString(other) {
		t.Error("another theme has the same address")
	}
}

func TestAssetsWithoutCompression(t *testing.T) {
	t.Parallel()
	pages := newPages(t, Config{})
	script := regexp.MustCompile(`src="([^"]+index\.js)"`).FindStringSubmatch(body(t, get(t, pages, "/account/")))[1]
	for accepted, compressed := range map[string]bool{"": false, "br": false, "gzip;q=0": false, "deflate, GZIP ; q=0.5": true} {
		response := get(t, pages, script, "Accept-Encoding", accepted)
		var reader io.Reader = response.Body
		if compressed {
			var err error
			if reader, err = gzip.NewReader(reader); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(reader)
		if err != nil || !strings.Contains(string(text), "customElements.define") || response.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %v: %.40s", accepted, err, text)
		}
	}
}

// byValue are texts whose names are values: failures of the client, and that of the shell.
var byValue = []string{"offline", "unreachable", "cancelled", "unsupported", "duplicate", "noScript"}

// Every text that is used exists, in each language with the same values, and no other does.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	names, err := fs.Glob(files, "elements/*.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(content)
	}
	var screens strings.Builder
	for _, screen := range routes {
		screens.WriteString("'" + textName(screen) + ".title'")
	}
	used := code.String() + screens.String()
	values := regexp.MustCompile(`\{\w+\}`)
	for name, english := range texts["en"] {
		built := strings.HasPrefix(name, "event.") || strings.Contains(name, "Or") || slices.Contains(byValue, name)
		if !built && !strings.Contains(used, "'"+name+"'") {
			t.Errorf("%s is not used", name)
		}
		for _, language := range []string{"de", "es", "fr", "nl", "pl"} {
			text := texts[language][name]
			if text == "" {
				t.Errorf("%s has no %s", language, name)
			}
			for _, value := range values.FindAllString(english, -1) {
				if !strings.Contains(text, value) {
					t.Errorf("%s: %s has no %s", language, name, value)
				}
			}
			if len(texts[language]) != len(texts["en"]) {
				t.Errorf("%s has %d texts, English %d", language, len(texts[language]), len(texts["en"]))
			}
		}
	}
	for _, found := range regexp.MustCompile(`\bt\('([\w.]+)'`).FindAllStringSubmatch(code.String(), -1) {
		if texts["en"][found[1]] == "" {
			t.Errorf("%s is used, and is no text", found[1])
		}
	}
}

func TestMistakesInTheConfiguration(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]Config{
		`Path is "account"`:           {Path: "account"},
		`Path is "/a b"`:              {Path: "/a b"},
		`Logo is "javascript:1"`:      {Logo: "javascript:1"},
		`Logo is "//evil.example/a"`:  {Logo: "//evil.example/a"},
		`Accent is "red"`:             {Accent: "red"},
		`Accent is #ffff00, which`:    {Accent: "#ffff00"},
		`AccentDark is #000066`:       {AccentDark: "#000066"},
		`CSS has @import`:             {CSS: `@Import "x"`},
		`Home is "//evil.example"`:    {Home: "//evil.example"},
		`Home is "https://a.example`:  {Home: "https://a.example/"},
		`NextOrigins holds "https://`: {NextOrigins: []string{"https://a.example/"}},
		`Texts["de"] holds "nothing"`: {Texts: map[string]map[string]string{"de": {"nothing": "x"}}},
	} {
		if _, err := New(newAuth(t), cfg); err == nil || !strings.Contains(err.Error(), "ui: "+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := New(nil, Config{}); err == nil {
		t.Error("no error without an Auth")
	}
	if _, err := New(newAuth(t), Config{Home: "https://a.example/", NextOrigins: []string{"https://a.example"}, Accent: "#b00020", AccentDark: "#ffb4ab", Logo: "/logo.svg"}); err != nil {
		t.Error(err)
	}
}
