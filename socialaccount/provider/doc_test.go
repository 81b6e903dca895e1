package provider

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/providers.md anew")

// ownValues are what some providers issue under other names.
var ownValues = map[string]string{
	"apple":    "`ClientSecret` is the id of the key, `ClientID` may list several ids, divided by commas",
	"telegram": "`ClientID` is the id of the bot, `ClientSecret` its token",
}

// settingsOf are the settings that an entry reads beside those of its protocol,
// with their defaults, and its key.
func settingsOf(e Entry) string {
	var found []string
	if own := ownValues[e.ID]; own != "" {
		found = append(found, own)
	}
	if e.key != "" {
		found = append(found, "`Key` (required): "+e.key)
	}
	_, withoutDefault := New(App{Provider: e.ID, ClientID: "c", ClientSecret: "s", Key: e.key}, Deps{})
	for _, name := range e.readSettings() {
		switch {
		case slices.Contains(oauthSettings, name) || slices.Contains(openIDConnectSettings, name):
			continue
		case e.ID == "github" && name == "APIURL":
			found = append(found, "`APIURL` ("+e.defaults[name]+", or `/api/v3` below another `ServerURL`)")
		case e.defaults[name] != "":
			found = append(found, "`"+name+"` ("+e.defaults[name]+")")
		case withoutDefault != nil:
			found = append(found, "`"+name+"` (required)")
		default:
			found = append(found, "`"+name+"`")
		}
	}
	return strings.Join(found, "; ")
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

Every provider but Telegram reads these ` + "`Settings`" + `: ` + "`Scopes`" + `, ` + "`AuthParams`" + ` (added to the authorization request as they are) and ` + "`PKCE`" + `, and, where one claim or one member of the profile identifies the user, ` + "`UIDField`" + `; those that speak OpenID Connect also ` + "`Nonce`" + `, ` + "`SkipUserInfo`" + ` and ` + "`TokenAuthMethod`" + `. The table lists the others, with their defaults; [configuration.md](configuration.md#provider-settings) says what each does. ` + "`New`" + ` refuses a setting that the provider does not read, and names those that it does.

A provider vouches for addresses where the column says so: *always*, or by a field of its profile. All others are verified by mail as usual.

This page is made of the catalogue: ` + "`go test ./socialaccount/provider -run Documented -update`" + `.

| Provider | Name | Protocol | Vouches for addresses | Tokens of apps | Further settings |
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
Authelia, CERN, Keycloak, LinkedIn (its present product) and every other OpenID provider are ` + "`openid_connect`" + ` with their issuer as ` + "`ServerURL`" + `.

## Not in the catalogue
- OAuth 1: 500px, Discogs, Evernote, Flickr, OpenStreetMap, Trello, Tumblr (its first API), Twitter (its first API), Vimeo (its first API), Xing; Pocket, which is like it and closed down.
- OpenID 2.0: OpenID, Steam.
- SAML.
- Draugiem, whose login does not come back with a state, and the reference's dummy provider, for which there is the demo provider of the quickstart.

## Adding one
A provider that speaks OpenID Connect needs nothing but its issuer: an entry in ` + "`socialaccount/provider/data_openid.go`" + `. One that speaks OAuth 2.0 needs its endpoints and where things stand in its profile: an entry in ` + "`data.go`" + `, and a sample of its profile in ` + "`data_test.go`" + `. What departs from that goes to ` + "`own.go`" + `. A host can bring a provider of its own in ` + "`SocialAccount.Custom`" + `: anything that implements ` + "`provider.Provider`" + `. Its settings are fields of the host's own type; what the host believes of it is in ` + "`SocialAccount.CustomTrust`" + `.
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
