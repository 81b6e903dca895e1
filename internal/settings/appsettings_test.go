package settings

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/socialaccount/provider"
)

// A site that migrates from django-allauth keeps the names of its settings.
func TestSettingsOfProvidersAreMapped(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		want provider.App
	}{
		"every provider": {
			`{"provider": "openid_connect", "provider_id": "acme", "settings": {"server_url": "https://id.example.org", "issuer": "https://issuer.example.org", "form_post": true, "scope": "openid email",
				"auth_params": {"prompt": "consent"}, "oauth_pkce_enabled": false, "nonce_enabled": true, "fetch_userinfo": false, "uid_field": "oid",
				"token_auth_method": "client_secret_post", "verified_email": ["example.org"], "email_authentication": true, "hidden": true}}`,
			provider.App{
				Provider: "openid_connect", ProviderID: "acme", Hidden: true,
				Settings: provider.Settings{
					ServerURL: "https://id.example.org", Issuer: "https://issuer.example.org", FormPost: true, Scopes: []string{"openid", "email"}, AuthParams: map[string]string{"prompt": "consent"},
					PKCE: new(false), Nonce: new(true), SkipUserInfo: true, UIDField: "oid", TokenAuthMethod: "client_secret_post",
				},
				Trust: provider.Trust{EmailAuthentication: new(true), VerifiedEmailDomains: []string{"example.org"}},
			},
		},
		"names of one provider": {
			`{"provider": "microsoft", "settings": {"tenant": "acme", "login_url": "https://login.example.org", "graph_url": "https://graph.example.org"}}`,
			provider.App{Provider: "microsoft", Settings: provider.Settings{Tenant: "acme", ServerURL: "https://login.example.org", APIURL: "https://graph.example.org"}},
		},
		"a server called api_url": {
			`{"provider": "jupyterhub", "settings": {"api_url": "https://hub.example.org", "scope": []}}`,
			provider.App{Provider: "jupyterhub", Settings: provider.Settings{ServerURL: "https://hub.example.org", Scopes: []string{}}},
		},
		"a host": {
			`{"provider": "okta", "settings": {"okta_base_url": "acme.okta.com"}}`,
			provider.App{Provider: "okta", Settings: provider.Settings{ServerURL: "https://acme.okta.com"}},
		},
		"a server as key": {
			`{"provider": "salesforce", "key": "https://acme.my.salesforce.com"}`,
			provider.App{Provider: "salesforce", Settings: provider.Settings{ServerURL: "https://acme.my.salesforce.com"}},
		},
		"seconds and a list as text": {
			`{"provider": "telegram", "settings": {"auth_date_validity": 60, "fields": "id,name", "verified_email": true}}`,
			provider.App{
				Provider: "telegram", Settings: provider.Settings{AuthDateValidity: time.Minute, Fields: []string{"id", "name"}}, Trust: provider.Trust{VerifiedEmail: true},
			},
		},
	} {
		var s providerSettings
		if err := strict([]byte(test.file), &s); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.app(); !reflect.DeepEqual(got, test.want) {
			type plain provider.Settings // without Format, so that fields are printed
			t.Errorf("%s: %+v %+v, want %+v %+v", name, plain(got.Settings), got.Trust, plain(test.want.Settings), test.want.Trust)
		}
	}
}

func TestWrongSettingsOfProvidersAreNamed(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		`{"scopes": []}`:                               `unknown field "scopes"`,
		`{"scope": 7}`:                                 "providers.settings.scope is of the wrong kind; use a list, or a text with blanks",
		`{"fetch_userinfo": "no"}`:                     "providers.settings.fetch_userinfo is of the wrong kind; use true or false",
		`{"auth_params": {"prompt": true}}`:            "providers.settings.auth_params",
		`{"verified_email": "yes"}`:                    "use true, false or a list of texts",
		`{"server": "https://a", "server_url": "..."}`: "server_url and server are the same setting",
		`[]`: "providers.settings is of the wrong kind; use an object",
	} {
		var s socialSettings
		err := strict([]byte(`{"providers": [{"provider": "google", "settings": `+settings+`}]}`), &s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", settings, err, want)
		}
	}
}
