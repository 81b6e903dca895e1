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

func TestData(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	type named string
	for _, data := range []any{
		map[string]any{"Code": code, "SiteName": "Example", "Unknown": 1, "User": nil},
		map[string]string{"Code": code, "SiteName": "Example"},
		struct{ Code, SiteName, hidden string }{code, "Example", "x"},
		&struct{ Code, SiteName named }{code, "Example"},
	} {
		_, text, html, err := r.Render("account/login_code", data)
		if err != nil {
			t.Errorf("%T: %v", data, err)
		}
		if !strings.Contains(text, "\n"+code+"\n") || !strings.Contains(text, "log in at Example,") || !strings.Contains(html, code) {
			t.Errorf("%T:\n%s", data, text)
		}
	}
	if _, text, _, err := r.Render("account/login_code", nil); err != nil || strings.Contains(text, "no value") {
		t.Errorf("nil: %v\n%s", err, text)
	}
	for _, data := range []any{7, "text", []string{"a"}, map[int]string{}} {
		if _, _, _, err := r.Render("account/login_code", data); err == nil {
			t.Errorf("%T was accepted", data)
		}
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

func TestOverride(t *testing.T) {
	t.Parallel()
	_, err := New(fstest.MapFS{"layout.txt": {Data: []byte(`{{define "signature"}}Ihr Team{{end}}`)}}, "")
	if err == nil || !strings.Contains(err.Error(), "greeting") {
		t.Fatalf("a layout that lacks pieces: %v", err)
	}
	r, err := New(fstest.MapFS{
		"account/login_code.txt":          {Data: []byte("Ihr Code:\r\n\r\n{{.Code}}\r\n\r\n\r\n\r\n  {{template \"signature\" .}}\r\n")},
		"account/login_code_subject.txt":  {Data: []byte("Code für\n  {{.SiteName}}\n")},
		"account/login_code.html":         {Data: []byte("\n")},
		"account/password_reset_key.html": {Data: []byte("<b>{{.User}}</b>")},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	subject, text, html, err := r.Render("account/login_code", map[string]any{"Code": code, "SiteName": "Beispiel"})
	if err != nil || subject != "Code für Beispiel" || text != "Ihr Code:\n\n"+code+"\n\n  The Beispiel team\n" || html != "" {
		t.Errorf("login code: %q %q %q %v", subject, text, html, err)
	}
	_, text, html, err = r.Render("account/password_reset_key", map[string]any{"User": "A & B"})
	if err != nil || html != "<b>A &amp; B</b>\n" || !strings.HasPrefix(text, "Hello A & B,") {
		t.Errorf("reset key: %q %q %v", text, html, err)
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
		"layout.txt":                     "{{",
		"layout.html":                    "{{",
	} {
		_, err := New(fstest.MapFS{file: {Data: []byte(content)}}, "")
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("a mistake in %s: %v", file, err)
		}
	}
	if _, err := New(brokenFS{}, ""); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("unreadable files: %v", err)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Example", "ann@example.org", "Ann", "Mozilla/5.0")
	f.Add("\r\n", "\u2028ABCD-1234", "<script>", "EVIL-1234")
	f.Add("ABCD", "ABCD", "ABCD", "\n")
	r, err := New(nil, "")
	if err != nil {
		f.Fatal(err)
	}
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
