package allauth_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/audit"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/mfa"
	"github.com/allauth-go/allauth/sessions/token"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
)

var (
	endpointRow    = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| (both|app|browser) \\| ([^|]+) \\|$")
	documentedPath = regexp.MustCompile("`([^`]+)`")
	documentedVerb = regexp.MustCompile(`\b[A-Z]{3,}\b`)
)

// The table of endpoints has the methods that the server allows.
func TestTheEndpointsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/frontend.md")
	if err != nil {
		t.Fatal(err)
	}
	s := clienttest.Start(t, everything)
	rows := endpointRow.FindAllStringSubmatch(string(page), -1)
	if len(rows) < 30 {
		t.Fatalf("%d endpoints", len(rows))
	}
	for _, row := range rows {
		verbs := documentedVerb.FindAllString(row[3], -1)
		for _, path := range documentedPath.FindAllStringSubmatch(row[1], -1) {
			for _, kind := range []clienttest.Kind{clienttest.App, clienttest.Browser} {
				answer := s.Client(kind).Do(http.MethodOptions, path[1], nil)
				if row[2] != "both" && row[2] != string(kind) {
					answer.Status(http.StatusNotFound)
					continue
				}
				answer.Status(http.StatusOK)
				allowed := slices.DeleteFunc(strings.Split(answer.Header.Get("Allow"), ", "), func(verb string) bool {
					return verb == http.MethodOptions || verb == http.MethodHead
				})
				slices.Sort(verbs)
				if !slices.Equal(allowed, verbs) {
					t.Errorf("%s of %s: %v, documented are %v", path[1], kind, allowed, verbs)
				}
			}
		}
	}
}

// everything turns on all features.
func everything(cfg *allauth.Config) {
	cfg.BaseURL = "https://app.example.com"
	cfg.Account.LoginByCode = &account.LoginByCodeConfig{}
	cfg.Account.EmailVerificationByCode = &account.CodeConfig{}
	cfg.Account.Phone = &account.PhoneConfig{}
	cfg.Account.LoginAlerts = true
	cfg.Users.DeletionEnabled, cfg.Users.ExportEnabled = true, true
	cfg.MFA = &mfa.Config{
		SupportedTypes:      []mfa.Type{mfa.RecoveryCodes, mfa.TOTP, mfa.WebAuthn},
		PasskeyLoginEnabled: true, PasskeySignupEnabled: true, TrustEnabled: true,
	}
	cfg.SocialAccount = &socialaccount.Config{Providers: []provider.App{{Provider: "google", ClientID: "id", ClientSecret: "secret"}}}
	cfg.Tokens = &token.Config{Keys: []token.Key{{Secret: clienttest.Secret}}}
	cfg.Audit = &audit.Config{ShowToUsers: true}
}
