// Package mailpreview writes all mails and text messages of a site as files, so that
// designers and translators can look at them.
package mailpreview

import (
	"cmp"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/internal/locale"
	"github.com/allauth-go/allauth/internal/mailtemplate"
)

// Config has the settings of allauth.Config that concern mails.
type Config struct {
	// Templates are the host's files, as in allauth.Config. Nil: the built-in
	// texts.
	Templates fs.FS
	// Languages are the languages. Nil: all that are built in.
	Languages []string
	// SiteName is the name of the site. Empty: Example.
	SiteName string
	// EmailSubjectPrefix is the prefix of each subject. Empty: the site name in
	// brackets.
	EmailSubjectPrefix string
}

// BuiltIn returns the languages that are built in, the default first.
func BuiltIn() []string { return []string{"en", "de", "fr", "es", "nl", "pl"} }

// Write writes each mail as a text and an HTML file, and each text message as a
// text file, into a folder for each language below dir, which it creates, and
// index.html, which shows them all. The values in them are samples. It returns the
// texts that a language lacks, as "it: account/login_code". Errors are those of
// allauth.New for Templates and Languages, and of writing.
func Write(dir string, cfg Config) (missing []string, err error) {
	if len(cfg.Languages) == 0 {
		cfg.Languages = BuiltIn()
	}
	cfg.SiteName = cmp.Or(cfg.SiteName, "Example")
	locales, err := locale.New(cfg.Templates, cfg.Languages, "")
	if err != nil {
		return nil, fmt.Errorf("mailpreview: %w", err)
	}
	renderer, err := mailtemplate.New(locales, cfg.Templates, cmp.Or(cfg.EmailSubjectPrefix, "["+cfg.SiteName+"] "))
	if err != nil {
		return nil, fmt.Errorf("mailpreview: %w", err)
	}
	var list []message
	for _, l := range locales.All() {
		for _, name := range slices.Concat(l.Missing, renderer.Missing(l)) {
			missing = append(missing, l.Name+": "+name)
		}
		for _, kind := range mailtemplate.Kinds() {
			for suffix, data := range samples(kind, cfg.SiteName) {
				m := message{Language: l.Name, Name: kind + suffix}
				if m.Subject, m.Text, m.html, err = renderer.Render(l, kind, data); err != nil {
					return nil, fmt.Errorf("mailpreview: %w", err)
				}
				list = append(list, m)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b message) int {
		return cmp.Or(slices.Index(cfg.Languages, a.Language)-slices.Index(cfg.Languages, b.Language), strings.Compare(a.Name, b.Name))
	})
	return missing, write(dir, list)
}

// message is a rendered message.
type message struct{ Language, Name, Subject, Text, html string }

// HTML returns the path of the HTML file, empty for a plain text.
func (m message) HTML() string {
	if m.html == "" {
		return ""
	}
	return m.Language + "/" + m.Name + ".html"
}

var index = template.Must(template.New("index.html").Parse(`<!doctype html>
<meta charset="utf-8">
<title>Mails</title>
<style>
:root { color-scheme: light dark; font-family: sans-serif; }
article { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; margin-bottom: 3rem; }
h2 { grid-column: 1 / -1; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
iframe { width: 100%; height: 34rem; border: 1px solid gray; }
</style>
{{range .}}<article lang="{{.Language}}">
<h2>{{.Language}}: {{.Name}}</h2>
<pre>{{with .Subject}}{{.}}

{{end}}{{.Text}}</pre>
{{with .HTML}}<iframe sandbox loading="lazy" src="{{.}}"></iframe>
{{end}}</article>
{{end}}`))

// write writes the files and the index.
func write(dir string, list []message) error {
	for _, m := range list {
		path := filepath.Join(dir, m.Language, filepath.FromSlash(m.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("mailpreview: %w", err)
		}
		text := m.Text
		if m.Subject != "" {
			text = "Subject: " + m.Subject + "\n\n" + text
		}
		if err := os.WriteFile(path+".txt", []byte(text), 0o600); err != nil {
			return fmt.Errorf("mailpreview: %w", err)
		}
		if m.html == "" {
			continue
		}
		if err := os.WriteFile(path+".html", []byte(m.html), 0o600); err != nil {
			return fmt.Errorf("mailpreview: %w", err)
		}
	}
	file, err := os.Create(filepath.Join(dir, "index.html"))
	if err != nil {
		return fmt.Errorf("mailpreview: %w", err)
	}
	if err := index.Execute(file, list); err != nil {
		_ = file.Close()
		return fmt.Errorf("mailpreview: %w", err)
	}
	return file.Close()
}

// samples returns the data of a kind, by the end of the file's name: a mail that has a
// code or a link has two.
func samples(kind, site string) map[string]map[string]any {
	sample := func(code bool) map[string]any {
		data := map[string]any{
			"SiteName": site, "Email": "ann@example.org", "Phone": "+31201234567", "User": "Ann", "Username": "ann77", "UserID": "7",
			"URL": "https://app.example.com/account/MQ:1abc", "Key": "MQ:1abc", "ExpiresIn": 15 * time.Minute,
			"SignupURL": "https://app.example.com/account/signup", "PasswordResetURL": "https://app.example.com/account/password/reset",
			"Timestamp": time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), "IP": "192.0.2.7", "UserAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
			"FromEmail": "ann@example.org", "ToEmail": "ann@example.com", "DeletedEmail": "old@example.org",
			"Provider": "GitHub", "AuthenticatorName": "Blue key",
		}
		if code {
			data["Code"], data["URL"], data["Key"] = "BCDF-GHJK", "", ""
		}
		return data
	}
	if strings.HasPrefix(kind, "account/email_confirmation") {
		return map[string]map[string]any{"_code": sample(true), "_link": sample(false)}
	}
	return map[string]map[string]any{"": sample(strings.HasSuffix(kind, "_code"))}
}
