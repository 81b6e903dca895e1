package provider

import (
	"maps"
	"slices"
	"time"
)

// Settings are the settings of a provider beside its client id and secret. The
// zero value is complete unless docs/providers.md lists a setting as required.
// New refuses settings that the provider does not read.
type Settings struct {
	// Scopes are requested in place of those of the catalogue (RFC 6749 section
	// 3.3). Nil: those of the catalogue, and the one for the email address if
	// Deps.QueryEmail is set. OpenID Connect adds openid.
	Scopes []string
	// AuthParams are added unchanged to the authorization request, like
	// {"prompt": "consent"}, and replace those of the catalogue. The provider's
	// documentation lists them. Parameters that a login depends on, like state,
	// are refused.
	AuthParams map[string]string
	// PKCE says whether a code_challenge is sent (RFC 7636). Nil: true, except
	// for providers that refuse unknown parameters.
	PKCE *bool
	// UIDField is the claim, or the path of the member in the profile, that
	// identifies the user, like "user.id". It is for sites that stored their
	// accounts under another id. Empty: that of the catalogue, "sub" for most
	// OpenID Connect providers.
	UIDField string

	// ServerURL is the base URL of a provider that differs between customers,
	// like https://git.example.com for GitLab. For openid_connect it is the
	// issuer, or the URL of its metadata (OpenID Connect Discovery 1.0 section
	// 4). Empty: that of the catalogue; required if there is none.
	ServerURL string
	// Issuer is the issuer of ID tokens if it is not ServerURL, exactly as the
	// provider's metadata names it: Azure AD B2C and Oracle IDCS have metadata at
	// another address, and authentik may have one issuer for all apps. Only
	// openid_connect reads it. Empty: ServerURL.
	Issuer string
	// APIURL is the base URL of the API, for providers that have it on another
	// host: Facebook, Firefox Accounts, GitHub, Microsoft, PayPal and
	// TrainingPeaks. Empty: that of the catalogue, and /api/v3 below ServerURL
	// for a GitHub Enterprise server.
	APIURL string
	// Tenant is the customer's own part of the provider's URLs: the directory of
	// Microsoft (empty: common), the name of a Shopify shop before .myshopify.com
	// (required), or the subdomain of ShareFile (empty: secure).
	Tenant string
	// Domain is the domain of ORCID (empty: orcid.org; its sandbox is
	// sandbox.orcid.org), or of the API of ShareFile (empty: sharefile.com).
	Domain string
	// Region and UserPool identify the user pool of Amazon Cognito, like
	// "eu-west-1" and "eu-west-1_aB3dE5f", as shown in the AWS console. Required
	// there.
	Region, UserPool string
	// Site is the site of Stack Exchange that the user logs in to. Empty:
	// stackoverflow.
	Site string
	// AuthorizeURL is where Weixin logs users in. Empty: the page with the QR
	// code. Use https://open.weixin.qq.com/connect/oauth2/authorize for Weixin's
	// own browser.
	AuthorizeURL string

	// FormPost lets the provider send its response as a form that the browser posts,
	// so that it is in no log and no history (OAuth 2.0 Form Post Response Mode).
	// OpenID Connect only.
	FormPost bool
	// Nonce says whether ID tokens must contain the nonce of the request (OpenID
	// Connect Core 1.0 section 3.1.2.1). Nil: true, except for LinkedIn, which
	// sends none. OpenID Connect only.
	Nonce *bool
	// SkipUserInfo takes the profile from the ID token, without a request to the
	// userinfo endpoint (OpenID Connect Core 1.0 section 5.3). OpenID Connect
	// only.
	SkipUserInfo bool
	// TokenAuthMethod is how the client authenticates at the token endpoint:
	// "client_secret_basic" or "client_secret_post" (OpenID Connect Core 1.0
	// section 9). Empty: one that the provider's metadata names. OpenID Connect
	// only.
	TokenAuthMethod string

	// CertificateKey is the private key that Apple issued, the content of the .p8
	// file. Required there.
	CertificateKey string
	// Version is the version of Facebook's Graph API. Empty: v19.0.
	Version string
	// Fields are the fields of the profile that Facebook returns. Nil: id, email,
	// name, first_name, last_name and link.
	Fields []string
	// AuthDateValidity is how long a signed callback of Telegram is valid, from a
	// second to an hour. Zero: 30 seconds.
	AuthDateValidity time.Duration
}

// clone returns a deep copy of s.
func (s Settings) clone() Settings {
	s.Scopes, s.AuthParams, s.Fields = slices.Clone(s.Scopes), maps.Clone(s.AuthParams), slices.Clone(s.Fields)
	for _, flag := range []**bool{&s.PKCE, &s.Nonce} {
		if *flag != nil {
			*flag = new(**flag)
		}
	}
	return s
}

// Trust says what the host trusts a provider with. The zero value is the safe
// choice.
type Trust struct {
	// EmailAuthentication and EmailAuthenticationAutoConnect replace the fields
	// of the same names in socialaccount.Config. Nil: as set there.
	EmailAuthentication, EmailAuthenticationAutoConnect *bool
	// VerifiedEmail takes every address of the provider as verified, whatever the
	// provider says.
	VerifiedEmail bool
	// VerifiedEmailDomains takes the addresses of these domains as verified, like
	// "example.com".
	VerifiedEmailDomains []string
}
