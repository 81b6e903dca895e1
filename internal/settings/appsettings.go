package settings

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/socialaccount/provider"
)

// appSettings are the settings of one provider.
type appSettings struct {
	Scope            scopes            `json:"scope"`
	AuthParams       map[string]string `json:"auth_params"`
	OAuthPKCEEnabled *bool             `json:"oauth_pkce_enabled"`
	UIDField         string            `json:"uid_field"`
	ServerURL        string            `json:"server_url"`
	Issuer           string            `json:"issuer"`
	APIURL           string            `json:"api_url"`
	Tenant           string            `json:"tenant"`
	Domain           string            `json:"domain"`
	Region           string            `json:"region"`
	UserPool         string            `json:"user_pool"`
	Site             string            `json:"site"`
	AuthorizeURL     string            `json:"authorize_url"`
	FormPost         bool              `json:"form_post"`
	NonceEnabled     *bool             `json:"nonce_enabled"`
	FetchUserInfo    *bool             `json:"fetch_userinfo"`
	TokenAuthMethod  string            `json:"token_auth_method"`
	CertificateKey   string            `json:"certificate_key"`
	Version          string            `json:"version"`
	Fields           string            `json:"fields"`
	AuthDateValidity float64           `json:"auth_date_validity"`

	EmailAuthentication            *bool   `json:"email_authentication"`
	EmailAuthenticationAutoConnect *bool   `json:"email_authentication_auto_connect"`
	VerifiedEmail                  choices `json:"verified_email"`
	Hidden                         bool    `json:"hidden"`
}

// sameSettings are the names that some providers of django-allauth have for a
// setting, by its common name.
var sameSettings = map[string][]string{
	"server_url": {
		"auth0_url", "battlenet_url", "default_url", "edx_url", "gitea_url", "github_url", "gitlab_url", "gumroad_url", "host", "lemonldap_url",
		"login_url", "netiq_url", "oauth_endpoint", "oauth_url", "okta_base_url", "paypal_url", "provider_url", "rest_api", "salesforce_url", "server",
	},
	"api_url": {"github_api_url", "graph_api_url", "graph_url", "paypal_api_url", "profile_endpoint"},
	"tenant":  {"shop", "subdomain"},
	"domain":  {"apicp", "base_domain"},
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *appSettings) UnmarshalJSON(text []byte) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil {
		return wrongKind[appSettings](text)
	}
	for _, name := range slices.Sorted(maps.Keys(sameSettings)) {
		for _, other := range sameSettings[name] {
			value, ok := given[other]
			if !ok {
				continue
			}
			if _, twice := given[name]; twice {
				return fmt.Errorf("%s and %s are the same setting; leave one of them out", name, other)
			}
			given[name] = value
			delete(given, other)
		}
	}
	renamed, err := json.Marshal(given)
	if err != nil {
		return err
	}
	type plain appSettings // without this method
	d := json.NewDecoder(bytes.NewReader(renamed))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(s))
}

// app returns the registration for the library.
func (p providerSettings) app() provider.App {
	s := p.Settings
	app := provider.App{
		Provider: p.Provider, ProviderID: p.ProviderID, Name: p.Name, ClientID: p.ClientID, ClientSecret: p.ClientSecret, Key: p.Key, Hidden: s.Hidden,
		Settings: provider.Settings{
			Scopes: s.Scope, AuthParams: s.AuthParams, PKCE: s.OAuthPKCEEnabled, UIDField: s.UIDField,
			ServerURL: s.ServerURL, Issuer: s.Issuer, APIURL: s.APIURL, Tenant: s.Tenant, Domain: s.Domain, Region: s.Region, UserPool: s.UserPool, Site: s.Site,
			AuthorizeURL: s.AuthorizeURL, FormPost: s.FormPost, Nonce: s.NonceEnabled, SkipUserInfo: s.FetchUserInfo != nil && !*s.FetchUserInfo,
			TokenAuthMethod: s.TokenAuthMethod, CertificateKey: s.CertificateKey, Version: s.Version,
			AuthDateValidity: time.Duration(s.AuthDateValidity * float64(time.Second)),
		},
		Trust: provider.Trust{
			EmailAuthentication: s.EmailAuthentication, EmailAuthenticationAutoConnect: s.EmailAuthenticationAutoConnect,
			VerifiedEmail: s.VerifiedEmail.all, VerifiedEmailDomains: s.VerifiedEmail.some,
		},
	}
	if s.Fields != "" {
		app.Settings.Fields = strings.Split(s.Fields, ",")
	}
	switch p.Provider {
	case "agave", "jupyterhub", "lichess": // django-allauth has their server in api_url
		app.Settings.ServerURL, app.Settings.APIURL = cmp.Or(s.ServerURL, s.APIURL), ""
	case "feedly", "okta": // django-allauth has only the host
		if s.ServerURL != "" && !strings.Contains(s.ServerURL, "://") {
			app.Settings.ServerURL = "https://" + s.ServerURL
		}
	case "salesforce": // django-allauth has its server in key
		app.Settings.ServerURL, app.Key = cmp.Or(s.ServerURL, p.Key), ""
	}
	return app
}

// scopes is a list, or a text with scopes separated by blanks.
type scopes []string

func (s *scopes) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*s = strings.Fields(one)
		return nil
	}
	if json.Unmarshal(text, (*[]string)(s)) != nil {
		return wrongKind[scopes](text)
	}
	return nil
}
