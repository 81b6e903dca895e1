package provider

import (
	"strings"

	"golang.org/x/oauth2"
)

// identity reads the claims that OpenID Connect Core 1.0 names in section 5.1,
// from the user info and, what is not there, from the ID token: some providers
// answer the former with no more than the subject.
func (p *openIDConnect) identity(profile, said claims, extra map[string]any, token *oauth2.Token, idToken string) (*Identity, error) {
	uid := exact(profile[p.claims.uid])
	if uid == "" {
		uid = exact(said[p.claims.uid])
	}
	id := &Identity{UID: uid, ExtraData: extra, Token: token, IDToken: idToken}
	for _, source := range []claims{profile, said} {
		if id.Username == "" {
			id.Username = scalar(source[p.claims.username])
		}
		if id.FirstName == "" && id.LastName == "" {
			id.FirstName, id.LastName = source.name()
		}
		// Whether an address is verified is only for the same source to say.
		if email := scalar(source["email"]); email != "" && id.Emails == nil {
			id.Emails = []Email{{Address: email, Verified: isTrue(find(map[string]any(source), p.claims.emailVerified))}}
		}
	}
	if p.entry.adjust != nil {
		p.entry.adjust(id)
	}
	return id, id.Validate()
}

// name reads the parts of a name, which Intuit spells in its own way, or divides
// the full one.
func (c claims) name() (first, last string) {
	members := map[string]any(c)
	first, last = text(members, "given_name|givenName"), text(members, "family_name|familyName")
	if first == "" && last == "" {
		return splitName(scalar(c["name"]))
	}
	return first, last
}

// oktaUsername leaves out the domain that Okta puts behind names.
func oktaUsername(id *Identity) { id.Username, _, _ = strings.Cut(id.Username, "@") }
