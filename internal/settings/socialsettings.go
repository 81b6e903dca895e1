package settings

import (
	"fmt"
	"time"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/socialaccount"
)

// socialSettings are the settings of third-party logins.
type socialSettings struct {
	Providers                      []providerSettings `json:"providers"`
	AutoSignup                     *bool              `json:"auto_signup"`
	EmailRequired                  *bool              `json:"email_required"`
	QueryEmail                     *bool              `json:"query_email"`
	EmailVerification              string             `json:"email_verification"`
	EmailAuthentication            bool               `json:"email_authentication"`
	EmailAuthenticationAutoConnect bool               `json:"email_authentication_auto_connect"`
	Only                           bool               `json:"only"`
	StoreTokens                    bool               `json:"store_tokens"`
	SingleUseIDTokens              bool               `json:"single_use_id_tokens"`
	RequestsTimeout                duration           `json:"requests_timeout"`
	CallbackPath                   string             `json:"callback_path"`
	OpenIDConnectCallbackPath      string             `json:"openid_connect_callback_path"`
}

// providerSettings is an app registered with a provider.
type providerSettings struct {
	Provider     string      `json:"provider"`
	ProviderID   string      `json:"provider_id"`
	Name         string      `json:"name"`
	ClientID     string      `json:"client_id"`
	ClientSecret string      `json:"client_secret"`
	Key          string      `json:"key"`
	Settings     appSettings `json:"settings"`
}

// config returns nil without this section: third-party logins are turned off.
func (s *socialSettings) config() (*socialaccount.Config, error) {
	if s == nil {
		return nil, nil
	}
	cfg := &socialaccount.Config{
		DisableAutoSignup:              s.AutoSignup != nil && !*s.AutoSignup,
		EmailRequired:                  s.EmailRequired,
		QueryEmail:                     s.QueryEmail,
		EmailAuthentication:            s.EmailAuthentication,
		EmailAuthenticationAutoConnect: s.EmailAuthenticationAutoConnect,
		Only:                           s.Only,
		StoreTokens:                    s.StoreTokens,
		SingleUseIDTokens:              s.SingleUseIDTokens,
		RequestsTimeout:                time.Duration(s.RequestsTimeout),
		CallbackPath:                   s.CallbackPath,
		OpenIDConnectCallbackPath:      s.OpenIDConnectCallbackPath,
	}
	for _, p := range s.Providers {
		cfg.Providers = append(cfg.Providers, p.app())
	}
	switch s.EmailVerification {
	case "":
	case "mandatory":
		cfg.EmailVerification = new(authn.VerificationMandatory)
	case "optional":
		cfg.EmailVerification = new(authn.VerificationOptional)
	case "none":
		cfg.EmailVerification = new(authn.VerificationNone)
	default:
		return nil, fmt.Errorf("email_verification is %q; use mandatory, optional or none", s.EmailVerification)
	}
	return cfg, nil
}
