package mailtemplate

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth/internal/smtpsink"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	confirmURL = "https://app.example.com/verify-email/MQ:1abc?from=mail&x=1"
	signupURL  = "https://app.example.com/signup"
	resetURL   = "https://app.example.com/password/reset"
	code       = "BCDF-GHJK"
)

// common are the values of all messages in the golden files.
var common = map[string]any{"SiteName": "Example", "Email": "ann@example.org", "Phone": "+31201234567"}

var notice = map[string]any{"Timestamp": "Wed, 02 Jan 2030 03:04:05 UTC", "IP": "192.0.2.7", "UserAgent": "Mozilla/5.0 (X11; Linux)"}

// goldens are the golden files: at least one for each kind.
var goldens = []struct {
	name string // the kind, and a suffix if there are several of the kind
	data map[string]any
}{
	{"account/email_confirmation_signup link", map[string]any{"User": "Ann", "Key": "MQ:1abc", "URL": confirmURL, "ExpiresIn": "3 days"}},
	{"account/email_confirmation_signup code", map[string]any{"Code": code, "ExpiresIn": "10 minutes"}},
	{"account/email_confirmation link", map[string]any{"URL": confirmURL, "ExpiresIn": "3 days"}},
	{"account/email_confirmation code", map[string]any{"User": "Ann", "Code": code, "ExpiresIn": "10 minutes"}},
	{"account/account_already_exists", map[string]any{"SignupURL": signupURL, "PasswordResetURL": resetURL}},
	{"account/account_already_exists bare", nil},
	{"account/unknown_account", map[string]any{"SignupURL": signupURL}},
	{"account/password_reset_key", map[string]any{"User": "Ann", "Username": "ann77", "URL": confirmURL, "ExpiresIn": "24 hours"}},
	{"account/password_reset_code", map[string]any{"Code": code, "ExpiresIn": "3 minutes"}},
	{"account/login_code", map[string]any{"Code": code, "ExpiresIn": "3 minutes"}},
	{"account/reauthentication_code", map[string]any{"Code": code, "ExpiresIn": "3 minutes"}},
	{"account/password_reset", notice},
	{"account/password_changed", with(notice, "PasswordResetURL", resetURL)},
	{"account/password_set", notice},
	{"account/email_changed", with(with(notice, "FromEmail", "ann@example.org"), "ToEmail", "ann@example.com")},
	{"account/email_deleted", with(notice, "DeletedEmail", "old@example.org")},
	{"mfa/totp_activated", notice},
	{"mfa/totp_deactivated", notice},
	{"mfa/recovery_codes_generated", notice},
	{"mfa/webauthn_added", with(notice, "AuthenticatorName", "Blue key")},
	{"mfa/webauthn_removed", notice},
	{"socialaccount/account_connected", with(notice, "Provider", "GitHub")},
	{"socialaccount/account_disconnected", notice},
	{"sms/verification_code", map[string]any{"Code": "123456", "ExpiresIn": "15 minutes"}},
	{"sms/reauthentication_code", map[string]any{"Code": "BCDF-GHJK", "ExpiresIn": "3 minutes"}},
	{"sms/unknown_account", nil},
	{"sms/account_already_exists", nil},
}

func with(data map[string]any, name, value string) map[string]any {
	merged := map[string]any{name: value}
	for n, v := range data {
		merged[n] = v
	}
	return merged
}

func newRenderer(t *testing.T) *Renderer {
	t.Helper()
	r, err := New(nil, "[Example]")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGolden(t *testing.T) {
	t.Parallel()
	r, seen := newRenderer(t), map[string]bool{}
	for _, golden := range goldens {
		kind, _, _ := strings.Cut(golden.name, " ")
		seen[kind] = true
		data := golden.data
		for name, value := range common {
			data = with(data, name, value.(string))
		}
		subject, text, html, err := r.Render(kind, data)
		if err != nil {
			t.Fatal(err)
		}
		got := "Subject: " + subject + "\n\n" + text + "\n--- HTML ---\n" + html
		path := filepath.Join("testdata", strings.NewReplacer("/", "_", " ", "_").Replace(golden.name)+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is now:\n%s", path, got)
		}
		wantCode, _ := data["Code"].(string)
		if found := (smtpsink.Mail{Text: text}).Code(); found != wantCode {
			t.Errorf("%s: code line %q, want %q", golden.name, found, wantCode)
		}
		if link, ok := data["URL"].(string); ok && !slices.Contains(strings.Split(text, "\n"), link) {
			t.Errorf("%s: the link does not stand alone:\n%s", golden.name, text)
		}
	}
	for _, kind := range Kinds() {
		if !seen[kind] {
			t.Errorf("no golden file for %s", kind)
		}
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`
		account/email_confirmation_signup account/email_confirmation account/account_already_exists
		account/unknown_account account/password_reset_key account/password_reset_code account/login_code
		account/reauthentication_code account/password_reset account/password_changed account/password_set account/email_changed
		account/email_deleted
		mfa/totp_activated mfa/totp_deactivated mfa/recovery_codes_generated mfa/webauthn_added mfa/webauthn_removed
		socialaccount/account_connected socialaccount/account_disconnected
		sms/verification_code sms/reauthentication_code sms/unknown_account sms/account_already_exists`)
	if got := Kinds(); !slices.Equal(got, want) {
		t.Errorf("Kinds = %q", got)
	}
	// Each embedded file belongs to a kind or to the layout.
	known := map[string]bool{"layout.txt": true, "layout.html": true}
	for _, kind := range want {
		known[kind+".txt"] = true
		if !isText(kind) {
			known[kind+"_subject.txt"], known[kind+".html"] = true, true
		}
	}
	for _, pattern := range []string{"templates/*.*", "templates/*/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			name := strings.TrimPrefix(filepath.ToSlash(file), "templates/")
			if !known[name] {
				t.Errorf("%s belongs to no kind", file)
			}
			delete(known, name)
		}
	}
	if len(known) != 0 {
		t.Errorf("missing files: %v", known)
	}
}
