package provider

import (
	"maps"
	"slices"
	"time"
)

// Settings are what a provider is told beside its client id and secret. The zero
// value is right unless docs/providers.md says that a setting is required. New
// refuses settings that the provider does not read.
type Settings struct {
	// Scopes are asked for in place of those of the catalogue (RFC 6749 section
	// 3.3). Nil: those of the catalogue, and the one for the email address where
	// Deps.QueryEmail is set. OpenID Connect adds openid.
	Scopes []string
	// AuthParams are added to the authorization request as they are, and replace
	// those of the catalogue, like {"prompt": "consent"}. The provider's
	// documentation lists them. Parameters that a login depends on, like state,
	// are refused.
	AuthParams map[string]string
	// PKCE says whether a code_challenge is sent (RFC 7636). Nil: true, except for
	// providers that refuse parameters they do not know.
	PKCE *bool
	// UIDField is the claim, or the path of the member in the profile, that
	// identifies the user, like "user.id". It is for sites whose accounts are
	// stored under another one. Empty: that of the catalogue, "sub" for most that
	// speak OpenID Connect.
	UIDField string

	// ServerURL is the base URL of a provider that is not the same for all
	// customers, like https://git.example.com for GitLab. For openid_connect it is
	// the issuer, or the address of its metadata (OpenID Connect Discovery 1.0
	// section 4). Empty: that of the catalogue; required where it has none.
	ServerURL string
	// APIURL is the base URL of the API of a provider that has it on another host:
	// Facebook, Firefox Accounts, GitHub, Microsoft, PayPal and TrainingPeaks.
	// Empty: that of the catalogue, and /api/v3 below ServerURL for a GitHub
	// Enterprise server.
	APIURL string
	// Tenant is the customer's own part of the provider's addresses: the directory
	// of Microsoft (empty: common), the name of a Shopify shop before
	// .myshopify.com (required), or the subdomain of ShareFile (empty: secure).
	Tenant string
	// Domain is the domain of the provider: of ORCID (empty: orcid.org; its tests
	// are at sandbox.orcid.org), or of the API of ShareFile (empty: sharefile.com).
	Domain string
	// Region and UserPool are those of Amazon Cognito, like "eu-west-1" and
	// "eu-west-1_aB3dE5f". The AWS console shows them. Required there.
	Region, UserPool string
	// Site is the site of Stack Exchange whose user logs in. Empty: stackoverflow.
	Site string
	// AuthorizeURL is where Weixin logs users in. Empty: the page with the QR code.
	// https://open.weixin.qq.com/connect/oauth2/authorize is for its own browser.
	AuthorizeURL string

	// Nonce says whether ID tokens must hold the nonce of the request (OpenID
	// Connect Core 1.0 section 3.1.2.1). Nil: true, except for LinkedIn, which
	// sends none. OpenID Connect only.
	Nonce *bool
	// SkipUserInfo takes the profile from the ID token, without a request to the
	// userinfo endpoint (OpenID Connect Core 1.0 section 5.3). OpenID Connect only.
	SkipUserInfo bool
	// TokenAuthMethod is how the client authenticates to the token endpoint:
	// "client_secret_basic" or "client_secret_post" (OpenID Connect Core 1.0
	// section 9). Empty: one that the provider's metadata names. OpenID Connect
	// only.
	TokenAuthMethod string

	// CertificateKey is the private key that Apple issued, the content of the .p8
	// file. Required there.
	CertificateKey string
	// Version is that of Facebook's Graph API. Empty: v19.0.
	Version string
	// Fields are those of the profile that Facebook is asked for. Nil: id, email,
	// name, first_name, last_name and link.
	Fields []string
	// AuthDateValidity is the age up to which a signed answer of Telegram is
	// accepted, from a second to an hour. Zero: 30 seconds.
	AuthDateValidity time.Duration
}

// clone returns a copy that shares nothing with s.
func (s Settings) clone() Settings {
	s.Scopes, s.AuthParams, s.Fields = slices.Clone(s.Scopes), maps.Clone(s.AuthParams), slices.Clone(s.Fields)
	for _, flag := range []**bool{&s.PKCE, &s.Nonce} {
		if *flag != nil {
			*flag = new(**flag)
		}
	}
	return s
}

// Trust is what the host believes of a provider. The zero value is the safe
// choice.
type Trust struct {
	// EmailAuthentication and EmailAuthenticationAutoConnect take the place of the
	// fields of the same names in socialaccount.Config. Nil: as those say.
	EmailAuthentication, EmailAuthenticationAutoConnect *bool
	// VerifiedEmail counts every address that the provider names as verified,
	// whatever the provider says.
	VerifiedEmail bool
	// VerifiedEmailDomains counts the addresses of these domains as verified,
	// like "example.com".
	VerifiedEmailDomains []string
}
