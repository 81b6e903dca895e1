package allauth_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/account"
	"github.com/allauth-go/allauth/headless"
	"github.com/allauth-go/allauth/internal/clienttest"
	"github.com/allauth-go/allauth/notify"
	"github.com/allauth-go/allauth/socialaccount"
	"github.com/allauth-go/allauth/socialaccount/provider"
	"github.com/allauth-go/allauth/storage/memstore"
)

// New reports the same problem each time, however many there are.
func TestNewReportsTheSameFirstProblem(t *testing.T) {
	t.Parallel()
	google := provider.App{Provider: "google", ClientID: "c", ClientSecret: "s"}
	with := func(settings provider.Settings) *socialaccount.Config {
		app := google
		app.Settings = settings
		return &socialaccount.Config{Providers: []provider.App{app}}
	}
	for name, edit := range map[string]func(cfg *allauth.Config){
		"pages": func(cfg *allauth.Config) {
			cfg.Headless.FrontendURLs = headless.FrontendURLs{ConfirmEmail: "a", ResetPassword: "b", ResetPasswordFromKey: "c", LoginAlert: "f", Signup: "d", SocialLoginError: "e"}
		},
		"keys of pages": func(cfg *allauth.Config) {
			cfg.Headless.FrontendURLs = headless.FrontendURLs{ConfirmEmail: "/a", ResetPasswordFromKey: "/b", LoginAlert: "/c"}
		},
		"actions": func(cfg *allauth.Config) {
			cfg.RateLimits = map[string]string{"a": "1/m", "b": "1/m", "c": "1/m", "login": "often", "signup": "never"}
		},
		"rates": func(cfg *allauth.Config) {
			cfg.RateLimits = map[string]string{"login": "often", "signup": "never", "login_failed": "x", "confirm_code": "y"}
		},
		"times": func(cfg *allauth.Config) {
			cfg.LoginTimeout, cfg.ReauthenticationTimeout = -1, -1
			cfg.Account.EmailConfirmationTimeout, cfg.Account.PasswordResetTimeout = -1, -1
		},
		"codes": func(cfg *allauth.Config) {
			bad := account.CodeConfig{Timeout: -time.Second}
			cfg.Account.EmailVerificationByCode, cfg.Account.PasswordResetByCode = &bad, &bad
			cfg.Account.LoginByCode = &account.LoginByCodeConfig{CodeConfig: bad}
			cfg.Account.Phone = &account.PhoneConfig{CodeConfig: bad}
		},
		"settings of a provider": func(cfg *allauth.Config) {
			cfg.SocialAccount = with(provider.Settings{Region: "a", UserPool: "b", Tenant: "c", Site: "d"})
		},
		"parameters of a provider": func(cfg *allauth.Config) {
			cfg.SocialAccount = with(provider.Settings{AuthParams: map[string]string{"state": "a", "nonce": "b", "scope": "c", "client_id": "d"}})
		},
		"everything": func(cfg *allauth.Config) {
			cfg.LoginTimeout, cfg.Sessions.Lifetime = -1, -1
			cfg.RateLimits = map[string]string{"a": "1/m", "b": "1/m"}
			cfg.SocialAccount = with(provider.Settings{Region: "a", UserPool: "b"})
		},
	} {
		said := map[string]bool{}
		for range 60 {
			cfg := allauth.Config{BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{}}
			edit(&cfg)
			_, err := allauth.New(cfg, memstore.New())
			if err == nil {
				t.Fatalf("%s: accepted", name)
			}
			said[err.Error()] = true
		}
		if len(said) != 1 {
			t.Errorf("%s: %d different problems: %v", name, len(said), said)
		}
	}
}

// Rates that cannot be counted are refused.
func TestRatesThatOverflowAreRefused(t *testing.T) {
	t.Parallel()
	for rate, fine := range map[string]bool{
		"1/200000d": false, "1/36501d": false, "1/3000000h": false, "1/9223372036854775807s": false, "1/9999999999m": false,
		"1000001/m": false, "9223372036854775807/d": false, "1/d,1/200000d": false,
		"1/36500d": true, "1/31536000s": true, "1000000/d": true,
	} {
		cfg := allauth.Config{
			BaseURL: "https://app.example.org", Secrets: [][]byte{clienttest.Secret}, Mailer: &notify.Log{},
			RateLimits: map[string]string{"login": rate},
		}
		auth, err := allauth.New(cfg, memstore.New())
		if fine != (err == nil) {
			t.Errorf("%s: %v", rate, err)
		}
		if err == nil {
			if err := auth.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

// A value that New would overwrite is not a setting.
func TestNoSettingIsOverwritten(t *testing.T) {
	t.Parallel()
	if _, ok := reflect.TypeFor[account.Config]().FieldByName("ProvidersOnly"); ok {
		t.Error("account.Config.ProvidersOnly is public, but follows SocialAccount.Only")
	}
}
