package mailtemplate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

// onlyEnglish matches words that only English has.
var onlyEnglish = regexp.MustCompile(`(?i)\b(the|your|you|with|someone|enter|address)\b`)

// Every language has every message, with the same values, codes and links as in English.
func TestTheLanguagesAreComplete(t *testing.T) {
	t.Parallel()
	r, locales, err := built(nil, "en", "de", "fr", "es", "nl", "pl")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range locales {
		if missing := r.Missing(l); len(missing) > 0 {
			t.Errorf("%s lacks %q", l.Name, missing)
		}
		for _, golden := range goldens {
			kind, _, _ := strings.Cut(golden.name, " ")
			data := with(common, golden.data)
			subject, text, html, err := r.Render(l, kind, data)
			if err != nil {
				t.Fatal(err)
			}
			_, want, _, err := r.Render(locales[0], kind, data)
			if err != nil {
				t.Fatal(err)
			}
			at := l.Name + " " + golden.name
			for name, value := range data {
				value, ok := value.(string)
				if ok && name != "UserAgent" && strings.Contains(want, value) != strings.Contains(text, value) {
					t.Errorf("%s: the value %s differs from English:\n%s", at, name, text)
				}
			}
			wantCode, _ := data["Code"].(string)
			if found := (smtpsink.Mail{Text: text}).Code(); found != wantCode {
				t.Errorf("%s: code line %q, want %q", at, found, wantCode)
			}
			for _, name := range links {
				if link, ok := data[name].(string); ok && strings.Contains(want, link) && !slices.Contains(strings.Split(text, "\n"), link) {
					t.Errorf("%s: the link does not stand alone:\n%s", at, text)
				}
			}
			if !isText(kind) && (subject == "" || !strings.Contains(html, `lang="`+l.Name+`"`)) {
				t.Errorf("%s: %q\n%s", at, subject, html)
			}
			if found := onlyEnglish.FindString(subject + text); l.Name != "en" && found != "" {
				t.Errorf("%s: %q is English:\n%s", at, found, text)
			}
		}
	}
}

// The files of a language replace those of the default language, and English fills gaps.
func TestFilesOfALanguage(t *testing.T) {
	t.Parallel()
	r, locales, err := built(files(map[string]string{
		"layout.html":               `{{define "end"}}<hr></html>{{end}}`,
		"account/login_code.txt":    "root {{.Code}}",
		"it/mails.txt":              `{{define "greeting"}}Ciao,{{end}}{{define "account/password_set"}}Fatto.{{end}}`,
		"it/account/login_code.txt": "{{.Locale}} {{.UserID}} {{index .Extra \"nick\"}}{{index .Extra \"ad\"}} {{.Code}}",
	}), "de", "it")
	if err != nil {
		t.Fatal(err)
	}
	german, italian := locales[0], locales[1]
	if _, text, _, err := r.Render(german, "account/login_code", map[string]any{"Code": code}); err != nil || text != "root "+code+"\n" {
		t.Errorf("%q, %v", text, err)
	}
	data := map[string]any{"Code": code, "UserID": "7", "Extra": map[string]json.RawMessage{"nick": []byte(`"Annie"`), "ad": []byte(`"win at evil.example"`)}}
	if _, text, _, err := r.Render(italian, "account/login_code", data); err != nil || text != "it 7 Annie "+code+"\n" {
		t.Errorf("%q, %v", text, err)
	}
	_, text, html, err := r.Render(italian, "account/password_set", nil)
	if err != nil || text != "Ciao,\n\nFatto.\n\nThe team\n" || !strings.HasSuffix(html, "<p>The team</p><hr></html>\n") {
		t.Errorf("%q %q, %v", text, html, err)
	}
	if missing := r.Missing(italian); slices.Contains(missing, "greeting") || slices.Contains(missing, "account/login_code") || !slices.Contains(missing, "signature") || !slices.Contains(missing, "sms/unknown_account") {
		t.Errorf("missing: %q", missing)
	}
	if missing := r.Missing(german); len(missing) > 0 {
		t.Errorf("missing: %q", missing)
	}
}

func BenchmarkNew(b *testing.B) {
	host := files(map[string]string{"texts.json": "{}"})
	for b.Loop() {
		if _, _, err := built(host, "en", "de", "fr", "es", "nl", "pl"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	r := newRenderer(b)
	data := with(common, origin, map[string]any{"Code": code})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := r.Render("account/login_code", data); err != nil {
			b.Fatal(err)
		}
	}
}
