package mailtemplate

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/locale"
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

// origin says from where a change was made.
var origin = map[string]any{
	"Timestamp": time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), "IP": "192.0.2.7",
	"UserAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}

// goldens are the golden files: at least one for each kind.
var goldens = []struct {
	name string // the kind, and a suffix if there are several of the kind
	data map[string]any
}{
	{"account/email_confirmation_signup link", with(origin, map[string]any{"User": "Ann", "Key": "MQ:1abc", "URL": confirmURL, "ExpiresIn": 72 * time.Hour})},
	{"account/email_confirmation_signup code", with(origin, map[string]any{"Code": code, "ExpiresIn": 10 * time.Minute})},
	{"account/email_confirmation link", with(origin, map[string]any{"URL": confirmURL, "ExpiresIn": 72 * time.Hour})},
	{"account/email_confirmation code", with(origin, map[string]any{"User": "Ann", "Code": code, "ExpiresIn": 10 * time.Minute})},
	{"account/account_already_exists", map[string]any{"SignupURL": signupURL, "PasswordResetURL": resetURL}},
	{"account/account_already_exists bare", nil},
	{"account/unknown_account", map[string]any{"SignupURL": signupURL}},
	{"account/password_reset_key", with(origin, map[string]any{"User": "Ann", "Username": "ann77", "URL": confirmURL, "ExpiresIn": 24 * time.Hour})},
	{"account/password_reset_code", with(origin, map[string]any{"Code": code, "ExpiresIn": 3 * time.Minute})},
	{"account/login_code", with(origin, map[string]any{"Code": code, "ExpiresIn": 3 * time.Minute})},
	{"account/reauthentication_code", with(origin, map[string]any{"Code": code, "ExpiresIn": 3 * time.Minute})},
	{"account/password_reset", origin},
	{"account/password_changed", with(origin, map[string]any{"PasswordResetURL": resetURL})},
	{"account/password_set", origin},
	{"account/email_changed", with(origin, map[string]any{"FromEmail": "ann@example.org", "ToEmail": "ann@example.com"})},
	{"account/email_deleted", with(origin, map[string]any{"DeletedEmail": "old@example.org"})},
	{"account/invitation", map[string]any{"User": "Ann", "Username": "ann77", "URL": confirmURL, "ExpiresIn": 7 * 24 * time.Hour}},
	{"account/login_from_new_device", with(origin, map[string]any{"User": "Ann", "Key": "MQ:1abc", "URL": confirmURL, "ExpiresIn": 7 * 24 * time.Hour})},
	{"account/deletion_requested", with(origin, map[string]any{"DeletionTime": time.Date(2030, 1, 16, 3, 4, 5, 0, time.UTC), "PasswordResetURL": resetURL})},
	{"account/deletion_requested bare", nil},
	{"account/deleted", nil},
	{"mfa/totp_activated", origin},
	{"mfa/totp_deactivated", origin},
	{"mfa/recovery_codes_generated", origin},
	{"mfa/webauthn_added", with(origin, map[string]any{"AuthenticatorName": "Blue key"})},
	{"mfa/webauthn_removed", origin},
	{"socialaccount/account_connected", with(origin, map[string]any{"Provider": "GitHub"})},
	{"socialaccount/account_disconnected", origin},
	{"sms/verification_code", map[string]any{"Code": "123456", "ExpiresIn": 15 * time.Minute}},
	{"sms/reauthentication_code", map[string]any{"Code": "BCDF-GHJK", "ExpiresIn": 3 * time.Minute}},
	{"sms/unknown_account", nil},
	{"sms/account_already_exists", nil},
}

func with(data map[string]any, more ...map[string]any) map[string]any {
	merged := maps.Clone(data)
	for _, m := range more {
		maps.Copy(merged, m)
	}
	return merged
}

// built returns a renderer for languages, with the files of a host, and the languages.
func built(files fs.FS, languages ...string) (*Renderer, []*locale.Locale, error) {
	set, err := locale.New(files, languages, "")
	if err != nil {
		return nil, nil, err
	}
	r, err := New(set, files, "[Example]")
	return r, set.All(), err
}

// english renders messages in English.
type english struct {
	*Renderer
	locale *locale.Locale
}

func (e english) Render(kind string, data map[string]any) (subject, text, html string, err error) {
	return e.Renderer.Render(e.locale, kind, data)
}

func newRenderer(t testing.TB, files ...fs.FS) english {
	t.Helper()
	r, locales, err := built(append(files, nil)[0])
	if err != nil {
		t.Fatal(err)
	}
	return english{r, locales[0]}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	r, seen := newRenderer(t), map[string]bool{}
	for _, golden := range goldens {
		kind, _, _ := strings.Cut(golden.name, " ")
		seen[kind] = true
		data := with(common, golden.data)
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
		account/unknown_account account/password_reset_key account/password_reset_code account/invitation account/login_from_new_device account/login_code
		account/reauthentication_code account/password_reset account/password_changed account/password_set account/email_changed
		account/email_deleted account/deletion_requested account/deleted
		mfa/totp_activated mfa/totp_deactivated mfa/recovery_codes_generated mfa/webauthn_added mfa/webauthn_removed
		socialaccount/account_connected socialaccount/account_disconnected
		sms/verification_code sms/reauthentication_code sms/unknown_account sms/account_already_exists`)
	if got := Kinds(); !slices.Equal(got, want) {
		t.Errorf("Kinds = %q", got)
	}
}
