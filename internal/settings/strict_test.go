package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMistakeInTheFileNamesItsKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[]`:                                  "object",
		`{} x`:                                "more",
		`{"base_ur": ""}`:                     "base_ur",
		`{"base_url": 1}`:                     "base_url is of the wrong kind; use a text",
		`{"account": {"login_methods": ""}}`:  "account.login_methods is of the wrong kind; use a list",
		`{"account": {"login_timeout": 15}}`:  `account.login_timeout is of the wrong kind; use a duration like "15m"`,
		`{"account": {"login_timeout": "1"}}`: `account.login_timeout is of the wrong kind; use a duration like "15m"`,
		`{"account": {"login_by_code_required": 1}}`:                      "account.login_by_code_required is of the wrong kind; use true, false",
		`{"account": {"login_by_code_supports_resend": "no"}}`:            "account.login_by_code_supports_resend is of the wrong kind; use a number",
		`{"mfa": {"totp_digits": "6"}}`:                                   "mfa.totp_digits is of the wrong kind; use a number",
		`{"rate_limits": true}`:                                           "rate_limits is of the wrong kind; use false or",
		`{"trusted_proxies": ["10.0.0.1"]}`:                               "trusted_proxies",
		`{"headless": {"token_strategy": "jwt", "jwt_private_key": "x"}}`: "jwt_private_key",
	} {
		path := filepath.Join(t.TempDir(), "server.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := load(""); err == nil || !strings.Contains(err.Error(), "-config") {
		t.Errorf("without a file: %v", err)
	}
}

func load(path string) error {
	file, err := Load(path)
	if err == nil {
		_, err = file.Config()
	}
	return err
}
