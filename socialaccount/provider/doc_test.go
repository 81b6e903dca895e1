package provider

import (
	"bytes"
	"cmp"
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

// ownIDs say what identifies a user where that is not one member of the profile.
var ownIDs = map[string]string{
	"battlenet":    "`id`, followed by -cn in China",
	"klaviyo":      "`data[0].id`, which is that of the company: all users of its account are one user here",
	"notion":       "`owner.user.id` and `workspace_id`",
	"shopify":      "`shop.id`, or `associated_user.id` if the app requests it per user",
	"slack":        "the ids of the workspace and of the user",
	"telegram":     "`id`",
	"vimeo_oauth2": "the number in `uri`",
}

func (e Entry) isOpenID() bool { return e.issuer != "" || e.Generic || e.ID == "apple" }

// paths returns alternative paths as code.
func paths(alternatives string) string {
	return "`" + strings.ReplaceAll(alternatives, "|", "` or `") + "`"
}

func idOf(t *testing.T, e Entry) string {
	var id string
	switch {
	case ownIDs[e.ID] != "":
		id = ownIDs[e.ID]
	case e.uid != "":
		id = paths(e.uid)
	case e.isOpenID():
		id = "`sub`"
	default:
		t.Errorf("%s has neither uid nor a line in ownIDs", e.ID)
	}
	if e.mutableUID != "" {
		id += ", which can change hands: " + e.mutableUID
	}
	if e.oldUID != "" {
		id += "; `" + e.oldUID + "` before"
	}
	if e.oldName != "" {
		id += "; the name `" + e.oldName + "` before"
	}
	return id
}

func tokenOf(e Entry) string {
	scheme := "`Authorization: " + cmp.Or(e.scheme, "Bearer") + "`"
	switch {
	case e.ID == "facebook":
		return scheme + "; that of an app in the URL: " + e.tokenReason
	case e.ID == "apple" || e.ID == "telegram" || !e.isOpenID() && e.profile == "":
		return "not sent"
	case e.tokenIn != "":
		return "in the URL: " + e.tokenReason
	case e.form != nil:
		return "in a form"
	case e.scheme == noHeader:
		for name, value := range e.header {
			if value == "{tok:access_token}" {
				return "`" + name + "`"
			}
		}
		return "not sent"
	}
	return scheme
}

// verifiedThere are the providers whose addresses django-allauth counts as
// verified, each without a word of the provider.
var verifiedThere = []string{"disqus", "drip", "frontier", "hubspot", "naver", "untappd", "yandex"}

// sampleOf returns what is read from the samples of the provider's profiles.
func sampleOf(id string) string {
	var all []string
	for _, sample := range profiles {
		if sample.id == id {
			all = append(all, sample.want)
		}
	}
	return strings.Join(all, " ")
}

func verifiedOf(e Entry) string {
	switch path, value, isComparison := strings.Cut(e.verified, "="); {
	case isComparison:
		return "`" + path + "` is " + value
	case e.verified != "":
		return paths(e.verified)
	case e.isOpenID():
		return "`email_verified`"
	case e.ID == "shopify":
		return "`associated_user.email_verified`"
	case slices.Contains(verifiedThere, e.ID):
		return "none: no field says so, and no documentation promises it; django-allauth counts all as verified"
	case strings.Contains(sampleOf(e.ID), "@example.org?"):
		return "none: no field is known that says so"
	}
	return "none: there is no address"
}

// The page says which addresses count as verified as the samples do.
func TestVerifiedAddressesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, e := range Catalogue() {
		sample, documented := sampleOf(e.ID), !strings.HasPrefix(verifiedOf(e), "none")
		if sample != "" && documented != strings.Contains(sample, "@example.org!") {
			t.Errorf("%s: the page says %q, its samples are read as %s", e.ID, verifiedOf(e), sample)
		}
		if sample == "" && !documented && e.ID != "telegram" {
			t.Errorf("%s has no sample", e.ID)
		}
	}
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

All providers except Telegram and the dummy read these ` + "`Settings`" + `: ` + "`Scopes`" + `, ` + "`AuthParams`" + ` (added unchanged to the authorization request) and ` + "`PKCE`" + `, and, where one claim or one member of the profile identifies the user, ` + "`UIDField`" + `; OpenID Connect providers also read ` + "`Nonce`" + `, ` + "`SkipUserInfo`" + ` and ` + "`TokenAuthMethod`" + `. The table lists the others, with their defaults; [configuration.md](configuration.md#provider-settings) says what each does. ` + "`New`" + ` refuses a setting that the provider does not read, and lists those that it reads.

This page is generated from the catalogue: ` + "`go test ./socialaccount/provider -run Documented -update`" + `.

| Provider | Name | Protocol | Tokens of apps | Further settings |
|---|---|---|---|---|
`)
	for _, e := range Catalogue() {
		p, err := New(appOrdinary(t, e), Deps{})
		if err != nil {
			t.Fatal(err)
		}
		protocol := "OAuth 2.0"
		switch {
		case e.isOpenID():
			protocol = "OpenID Connect"
		case e.ID == "telegram":
			protocol = "signed callback"
		case e.ID == "dummy":
			protocol = "none: everyone logs in as anyone, during development only"
		}
		tokens := ""
		if p.Info().Token {
			tokens = "yes"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", e.ID, e.Name, protocol, tokens, settingsOf(e))
	}
	page.WriteString(`
Authelia, CERN, Keycloak, LinkedIn (its current product) and all other OpenID providers are ` + "`openid_connect`" + ` with their issuer as ` + "`ServerURL`" + `.

## What identifies a user
An account is stored under the id in the column *Id*, a member of the profile or a claim of the ID token. The provider never gives such an id to another user. A name or an address can change hands, and its next owner then logs in to the account: entries that are keyed by one say why the provider has nothing better. If you run the server of such a provider, never give a name to another user.

Accounts that an earlier version or django-allauth stored under another id are found at the next login if the old id is no name, or if their stored profile has the new id, and are stored under the new one. Accounts of users who have changed their name since are not found. Move all accounts at once, after the upgrade or the import, and look at those that are left:

` + "```go" + `
left, err := auth.RekeySocialAccounts(ctx)
` + "```" + `

An account that changed hands before the upgrade goes to the user who logged in to it last, as the stored profile is theirs.

The column *Access token* says how the token of the user travels to the provider. URLs end in the logs of servers and proxies, so it is sent in one only where the provider takes it nowhere else.

The column *Verified addresses* names the field by which the provider says that it has verified an address. Without it no address counts as verified, as an attacker could enter that of another user there: it is unverified until the user opens a mail, unless you set ` + "`Trust.VerifiedEmail`" + ` or ` + "`Trust.VerifiedEmailDomains`" + `.

| Provider | Id | Access token | Verified addresses |
|---|---|---|---|
`)
	for _, e := range Catalogue() {
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", e.ID, idOf(t, e), tokenOf(e), verifiedOf(e))
	}
	page.WriteString(`
## Not in the catalogue
- OAuth 1.0: 500px, Discogs, Evernote, Flickr, OpenStreetMap, Trello, Tumblr (its first API), Twitter (its first API), Vimeo (its first API), Xing; also Pocket, whose protocol was similar and which was shut down.
- OpenID 2.0: OpenID, Steam.
- SAML.
- Draugiem, whose callback has no state.

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
