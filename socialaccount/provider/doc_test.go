package provider

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/providers.md anew")

// ownSettings are what providers with code of their own ask for.
var ownSettings = map[string]string{
	"apple":          "`ClientSecret` is the id of the key, `Key` the id of the team, `certificate_key` the private key (.p8); `ClientID` may list several ids, divided by commas",
	"github":         "`github_url` (https://github.com), `github_api_url` (https://api.github.com, or `/api/v3` of another `github_url`)",
	"facebook":       "`version`, `graph_api_url`, `fields`",
	"telegram":       "`ClientID` is the id of the bot, `ClientSecret` its token; `auth_date_validity` in seconds, 30 by default",
	"shopify":        "`shop`: the name before .myshopify.com",
	"openid_connect": "`server_url` (required): the issuer; `token_auth_method`, `fetch_userinfo`; `ProviderID` and `Name` of the app",
	"odnoklassniki":  "`Key` is the public key of the app",
	"stackexchange":  "`Key` is the key of the app",
}

// settingsOf are the settings that fill in an entry's addresses.
func settingsOf(e Entry) string {
	var found []string
	for _, name := range e.addressSettings() {
		text := "`" + name + "`"
		if fallback := e.defaults[strings.ToUpper(name)]; fallback != "" {
			text += " (" + fallback + ")"
		} else {
			text += " (required)"
		}
		found = append(found, text)
	}
	if own := ownSettings[e.ID]; own != "" {
		return own
	}
	return strings.Join(found, ", ")
}

// The page of providers is made of the catalogue, so that it can not rot.
func TestTheCatalogueIsDocumented(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	page.WriteString(`# Providers

Every provider of the catalogue. An app is registered with the provider, which issues a client id and a secret; the redirect URI to register is ` + "`{BaseURL}/_allauth/provider/{id}/callback`" + `, where the id is ` + "`ProviderID`" + ` or else the name below. Sites that come from Django keep their redirect URIs, see [Third-party logins](socialaccount.md).

` + "```go" + `
provider.App{Provider: "github", ClientID: "…", ClientSecret: "…"}
` + "```" + `

Every provider takes these ` + "`Settings`" + `: ` + "`scope`" + ` (a list), ` + "`auth_params`" + ` (added to the authorization request), ` + "`oauth_pkce_enabled`" + ` and ` + "`uid_field`" + ` (what tells users apart, where that is one claim or one member of the profile); those that speak OpenID Connect also ` + "`nonce_enabled`" + `. Those of the table are in lower case, with their defaults.

A provider vouches for addresses where the column says so: *always*, or by a field of its profile. All others are verified by mail as usual.

This page is made of the catalogue: ` + "`go test ./socialaccount/provider -run Documented -update`" + `.

| Provider | Name | Protocol | Vouches for addresses | Tokens of apps | Settings |
|---|---|---|---|---|---|
`)
	for _, e := range Catalogue() {
		p, err := New(appOrdinary(t, e), Deps{})
		if err != nil {
			t.Fatal(err)
		}
		protocol := "OAuth 2.0"
		vouches := strings.NewReplacer("=", " = ", "|", " or ").Replace(e.verified)
		switch {
		case e.issuer != "" || e.Generic || e.ID == "apple":
			protocol = "OpenID Connect"
			if vouches == "" {
				vouches = "email_verified"
			}
		case e.ID == "telegram":
			protocol = "signed answer"
		}
		tokens := ""
		if p.Info().Token {
			tokens = "yes"
		}
		name := "`" + e.ID + "`"
		fmt.Fprintf(&page, "| %s | %s | %s | %s | %s | %s |\n", name, e.Name, protocol, vouches, tokens, settingsOf(e))
	}
	page.WriteString(`
Authelia, CERN, Keycloak, LinkedIn (its present product) and every other OpenID provider are ` + "`openid_connect`" + ` with their issuer as ` + "`server_url`" + `.

## Not in the catalogue
- OAuth 1: 500px, Discogs, Evernote, Flickr, OpenStreetMap, Trello, Tumblr (its first API), Twitter (its first API), Vimeo (its first API), Xing; Pocket, which is like it and closed down.
- OpenID 2.0: OpenID, Steam.
- SAML.
- Draugiem, whose login does not come back with a state, and the reference's dummy provider, for which there is the demo provider of the quickstart.

## Adding one
A provider that speaks OpenID Connect needs nothing but its issuer: an entry in ` + "`socialaccount/provider/data_openid.go`" + `. One that speaks OAuth 2.0 needs its endpoints and where things stand in its profile: an entry in ` + "`data.go`" + `, and a sample of its profile in ` + "`data_test.go`" + `. What departs from that goes to ` + "`own.go`" + `. A host can bring a provider of its own in ` + "`SocialAccount.Custom`" + `: anything that implements ` + "`provider.Provider`" + `.
`)
	const file = "../../docs/providers.md"
	if *update {
		if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, page.Bytes()) {
		t.Errorf("%s is out of date; run: go test ./socialaccount/provider -run Documented -update", file)
	}
}
