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

// ownValues say what ClientID and ClientSecret are called at some providers.
var ownValues = map[string]string{
	"apple":    "`ClientSecret` is the id of the key, `ClientID` may list several ids, separated by commas",
	"telegram": "`ClientID` is the id of the bot, `ClientSecret` its token",
}

// settingsOf returns the settings that an entry reads beside those of its
// protocol, with their defaults, and its key.
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

// The page of providers is generated from the catalogue, so it is always current.
func TestTheCatalogueIsDocumented(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	page.WriteString(`# Providers

All providers of the catalogue. Register your app with the provider, which issues a client id and a secret. The redirect URI to register is ` + "`{BaseURL}/_allauth/provider/{id}/callback`" + `, where the id is ` + "`ProviderID`" + ` or else the name below. Sites that migrate from Django can keep their redirect URIs, see [Third-party logins](socialaccount.md).

` + "```go" + `
provider.App{Provider: "github", ClientID: "…", ClientSecret: "…"}
` + "```" + `

All providers except Telegram read these ` + "`Settings`" + `: ` + "`Scopes`" + `, ` + "`AuthParams`" + ` (added unchanged to the authorization request) and ` + "`PKCE`" + `, and, where one claim or one member of the profile identifies the user, ` + "`UIDField`" + `; OpenID Connect providers also read ` + "`Nonce`" + `, ` + "`SkipUserInfo`" + ` and ` + "`TokenAuthMethod`" + `. The table lists the others, with their defaults; [configuration.md](configuration.md#provider-settings) says what each does. ` + "`New`" + ` refuses a setting that the provider does not read, and lists those that it reads.

The column *Verified addresses* says which addresses of a provider count as verified: *always* all of them, or those that a field of the profile marks. The library verifies all others by mail.

This page is generated from the catalogue: ` + "`go test ./socialaccount/provider -run Documented -update`" + `.

| Provider | Name | Protocol | Verified addresses | Tokens of apps | Further settings |
|---|---|---|---|---|---|
`)
	for _, e := range Catalogue() {
		p, err := New(appOrdinary(t, e), Deps{})
		if err != nil {
			t.Fatal(err)
		}
		protocol := "OAuth 2.0"
		verified := strings.NewReplacer("=", " = ", "|", " or ").Replace(e.verified)
		switch {
		case e.issuer != "" || e.Generic || e.ID == "apple":
			protocol = "OpenID Connect"
			if verified == "" {
				verified = "email_verified"
			}
		case e.ID == "telegram":
			protocol = "signed callback"
		}
		tokens := ""
		if p.Info().Token {
			tokens = "yes"
		}
		name := "`" + e.ID + "`"
		fmt.Fprintf(&page, "| %s | %s | %s | %s | %s | %s |\n", name, e.Name, protocol, verified, tokens, settingsOf(e))
	}
	page.WriteString(`
Authelia, CERN, Keycloak, LinkedIn (its current product) and all other OpenID providers are ` + "`openid_connect`" + ` with their issuer as ` + "`ServerURL`" + `.

## Not in the catalogue
- OAuth 1.0: 500px, Discogs, Evernote, Flickr, OpenStreetMap, Trello, Tumblr (its first API), Twitter (its first API), Vimeo (its first API), Xing; also Pocket, whose protocol was similar and which was shut down.
- OpenID 2.0: OpenID, Steam.
- SAML.
- Draugiem, whose callback has no state, and django-allauth's dummy provider: the quickstart has a demo provider.

## Adding a provider
An OpenID Connect provider needs only its issuer: add an entry in ` + "`socialaccount/provider/data_openid.go`" + `. An OAuth 2.0 provider needs its endpoints and the paths in its profile: add an entry in ` + "`data.go`" + `, and a sample of its profile in ` + "`data_test.go`" + `. Code for a provider that departs from the protocol goes to ` + "`own.go`" + `. A host can add its own provider in ` + "`SocialAccount.Custom`" + `, any implementation of ` + "`provider.Provider`" + `. Its settings are fields of the host's own type; what the host trusts it with is set in ` + "`SocialAccount.CustomTrust`" + `.
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
		t.Errorf("%s differs from the catalogue; run: go test ./socialaccount/provider -run Documented -update", file)
	}
}
