package mailpreview

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/allauth-go/allauth/internal/locale"
	"github.com/allauth-go/allauth/internal/mailtemplate"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mails")
	missing, err := Write(dir, Config{})
	if err != nil || len(missing) > 0 {
		t.Fatal(missing, err)
	}
	page := read(t, dir, "index.html")
	for _, language := range BuiltIn() {
		for _, kind := range mailtemplate.Kinds() {
			if strings.HasPrefix(kind, "account/email_confirmation") {
				kind += "_link"
			}
			text := read(t, dir, language, kind+".txt")
			if strings.Contains(text, "<no value>") || len(text) < 20 || !strings.Contains(page, language+": "+kind) {
				t.Errorf("%s %s: %q", language, kind, text)
			}
			if !strings.HasPrefix(kind, "sms/") && !strings.Contains(read(t, dir, language, kind+".html"), "</html>") {
				t.Errorf("%s %s: no HTML", language, kind)
			}
		}
	}
	if text := read(t, dir, "pl", "account/login_code.txt"); !strings.Contains(text, "Kod jest ważny przez 15 minut") || !strings.Contains(text, "\nBCDF-GHJK\n") {
		t.Error(text)
	}
}

// A host sees its own texts, and what its language lacks.
func TestTextsOfAHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := fstest.MapFS{"it/mails.txt": {Data: []byte(`{{define "greeting"}}Ciao!{{end}}`)}}
	missing, err := Write(dir, Config{Templates: files, Languages: []string{"en", "it"}, SiteName: "Esempio"})
	if err != nil || !slices.Contains(missing, "it: account/login_code") || slices.Contains(missing, "it: greeting") {
		t.Errorf("%q, %v", missing, err)
	}
	if text := read(t, dir, "it", "mfa/totp_activated.txt"); !strings.Contains(text, "Subject: [Esempio] An") || !strings.Contains(text, "Ciao!") {
		t.Error(text)
	}
	for _, cfg := range []Config{{Languages: []string{"?"}}, {Templates: fstest.MapFS{"sms/x.txt": {}}}} {
		if _, err := Write(dir, cfg); err == nil {
			t.Errorf("%v was accepted", cfg)
		}
	}
	if _, err := Write(filepath.Join(dir, "index.html"), Config{}); err == nil {
		t.Error("a file was accepted as the folder")
	}
}

// Every language of the module is built in.
func TestBuiltIn(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("../internal/locale/texts")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() != slices.Contains(BuiltIn(), e.Name()) {
			t.Errorf("%s", e.Name())
		}
	}
	if _, err := locale.New(nil, BuiltIn(), ""); err != nil {
		t.Error(err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
