package mailtemplate

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

// Values that look like a code, a header, a link or a script have no effect.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	values := []string{
		"EVIL-1234", "\nEVIL-1234\n", "x\r\nEVIL-1234\r\n\r\ny", "x\u2028EVIL-1234\u2029", "x\x00\x0bEVIL-1234\x0c\u0085y",
		"<script>alert(1)</script>", `" onclick="alert(1)`, "x\r\nBcc: eve@example.org", "\u202eEVIL-1234", strings.Repeat("EVIL-1234 ", 1000),
		"{{.Key}}", "\xff\xfe",
	}
	tag := regexp.MustCompile(`<script|" onclick|<b>`)
	for _, kind := range Kinds() {
		for _, value := range values {
			data := map[string]any{}
			for _, name := range Fields() {
				data[name] = value
			}
			data["Code"], data["URL"], data["Key"] = "", confirmURL, ""
			data["SignupURL"], data["PasswordResetURL"] = signupURL, resetURL
			subject, text, html, err := r.Render(kind, data)
			if err != nil {
				t.Fatal(err)
			}
			if found := (smtpsink.Mail{Text: text}).Code(); found != "" {
				t.Errorf("%s with %q has a code line %q", kind, value, found)
			}
			if strings.ContainsAny(subject, "\r\n\x00") || tag.MatchString(html) {
				t.Errorf("%s with %q:\n%s\n%s", kind, value, subject, html)
			}
			if strings.ContainsAny(text+html, "\r\x00\u2028\u2029\u202e\u0085") || len(text) > 5000 {
				t.Errorf("%s with %q:\n%s", kind, value, text)
			}
		}
	}
}

// An attacker can make the server send these mails to any address: they contain only the
// host's links.
func TestNoForeignLinks(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, kind := range []string{"account/account_already_exists", "account/unknown_account"} {
		data := map[string]any{}
		for _, name := range Fields() {
			data[name] = "https://evil.example/" + name
		}
		data["Email"], data["SiteName"] = "ann@example.org", "Example"
		data["SignupURL"], data["PasswordResetURL"] = signupURL, resetURL
		subject, text, html, err := r.Render(kind, data)
		if err != nil {
			t.Fatal(err)
		}
		rest := strings.NewReplacer(signupURL, "", resetURL, "").Replace(subject + text + html)
		if strings.Contains(rest, "://") {
			t.Errorf("%s holds another link:\n%s", kind, rest)
		}
	}
}

func TestGreeting(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for name, want := range map[string]string{
		"":                         "Hello,",
		"Ann":                      "Hello Ann,",
		"Zoë O'Neil-Müller":        "Hello Zoë O'Neil-Müller,",
		"J. R. Smith":              "Hello J. R. Smith,",
		" Ann \n Smith ":           "Hello Ann Smith,",
		"win at evil.example":      "Hello,",
		"https://evil":             "Hello,",
		"eve@example.org":          "Hello,",
		strings.Repeat("win ", 60): "Hello,",
	} {
		_, text, _, err := r.Render("account/email_confirmation_signup", map[string]any{"User": name, "Code": code})
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(text, "\n"); first != want {
			t.Errorf("greeting of %q: %q, want %q", name, first, want)
		}
	}
}

func TestMissingData(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	if _, text, _, err := r.Render("account/login_code", nil); err != nil || strings.Contains(text, "no value") {
		t.Errorf("nil: %v\n%s", err, text)
	}
	if _, _, _, err := r.Render("account/other", nil); err == nil {
		t.Error("an unknown kind was accepted")
	}
}

func TestLinksIntoApps(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for link, want := range map[string]string{
		"myapp://verify/a:b?x=1&y=2": `href="myapp://verify/a:b?x=1&amp;y=2"`,
		"https://x.example/?a=1&b=2": `href="https://x.example/?a=1&amp;b=2"`,
		"javascript:alert(1)":        `href="#ZgotmplZ"`,
		"JavaScript:alert(1)":        `href="#ZgotmplZ"`,
		`https://x.example/"><b>`:    `href="https://x.example/%22%3e%3cb%3e"`,
	} {
		_, _, html, err := r.Render("account/email_confirmation", map[string]any{"URL": link})
		if err != nil || !strings.Contains(html, want) {
			t.Errorf("%s: %v\n%s", link, err, html)
		}
	}
}

// files returns files of a host by their names.
func files(content map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range content {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestOverride(t *testing.T) {
	t.Parallel()
	r := newRenderer(t, files(map[string]string{
		"mails.txt":                       `{{define "signature"}}Your {{.SiteName}}{{end}}`,
		"account/login_code.txt":          "Ihr Code:\r\n\r\n{{.Code}}\r\n\r\n\r\n\r\n  {{template \"signature\" .}}\r\n",
		"account/login_code_subject.txt":  "Code für\n  {{.SiteName}}\n",
		"account/login_code.html":         "\n",
		"account/password_reset_key.html": "<b>{{.User}}</b>",
		"account/password_set.txt":        "{{define \"x\"}}1 < 2{{end}}Set & done: {{template \"x\"}}\n{{.User}}\n\n{{template \"link\" .PasswordResetURL}}",
	}))
	data := map[string]any{"Code": code, "SiteName": "Beispiel", "User": "A & B", "PasswordResetURL": resetURL}
	subject, text, html, err := r.Render("account/login_code", data)
	if err != nil || subject != "[Example] Code für Beispiel" || text != "Ihr Code:\n\n"+code+"\n\n  Your Beispiel\n" || html != "" {
		t.Errorf("login code: %q %q %q %v", subject, text, html, err)
	}
	_, text, html, err = r.Render("account/password_reset_key", data)
	if err != nil || html != "<b>A &amp; B</b>\n" || !strings.HasPrefix(text, "Hello A & B,") || !strings.HasSuffix(text, "\nYour Beispiel\n") {
		t.Errorf("reset key: %q %q %v", text, html, err)
	}
	// The HTML is made of the host's text.
	_, text, html, err = r.Render("account/password_set", data)
	if err != nil || text != "Set & done: 1 < 2\nA & B\n\n"+resetURL+"\n" || !strings.Contains(html, "<p>Set &amp; done: 1 &lt; 2<br>A &amp; B</p>\n<p><a href=\""+resetURL) {
		t.Errorf("password set: %q %q %v", text, html, err)
	}
}

type brokenFS struct{}

func (brokenFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestMistakesAreFoundEarly(t *testing.T) {
	t.Parallel()
	for file, content := range map[string]string{
		"account/login_code.txt":         "{{.Code",
		"account/login_code_subject.txt": "{{if}}",
		"account/login_code.html":        "{{end}}",
		"mfa/totp_activated.txt":         "{{.Coed}}",
		"mfa/totp_activated.html":        "{{.Coed}}",
		"mfa/totp_deactivated.html":      "<a href='{{if .Code}}x'{{end}}>",
		"sms/unknown_account.txt":        `{{template "nothing" .}}`,
		"layout.txt":                     "",
		"mails.txt":                      "{{",
		"en/mails.txt":                   `{{define "greeting"}}{{.Nmae}}{{end}}`,
		"texts.json":                     "{",
		"en/account/login_cod.txt":       "",
		"layout.html":                    "{{",
	} {
		_, _, err := built(files(map[string]string{file: content}))
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("a mistake in %s: %v", file, err)
		}
	}
	if _, _, err := built(brokenFS{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("unreadable files: %v", err)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Example", "ann@example.org", "Ann", "Mozilla/5.0")
	f.Add("\r\n", "\u2028ABCD-1234", "<script>", "EVIL-1234")
	f.Add("ABCD", "ABCD", "ABCD", "\n")
	r := newRenderer(f)
	f.Fuzz(func(t *testing.T, site, email, user, agent string) {
		for _, kind := range []string{"account/email_confirmation", "account/email_deleted", "mfa/webauthn_added"} {
			subject, text, html, err := r.Render(kind, map[string]any{
				"SiteName": site, "Email": email, "User": user, "UserAgent": agent,
				"DeletedEmail": email, "AuthenticatorName": user, "Code": "",
			})
			if err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(subject+text+html, "\r\x00\u2028") || strings.Contains(subject, "\n") {
				t.Errorf("%s: line breaks", kind)
			}
			if found := (smtpsink.Mail{Text: text}).Code(); found != "" {
				t.Errorf("%s: code line %q", kind, found)
			}
		}
	})
}
