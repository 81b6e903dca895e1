package provider

import (
	"cmp"
	"strings"

	"golang.org/x/oauth2"
)

// identity reads the claims of OpenID Connect Core 1.0, section 5.1, from the
// user info or, if missing there, from the ID token: the user info of some
// providers has only the sub.
func (p *openIDConnect) identity(profile, said claims, extra map[string]any, token *oauth2.Token, idToken string) (*Identity, error) {
	uid := cmp.Or(exact(profile[p.claims.uid]), exact(said[p.claims.uid]))
	id := &Identity{UID: uid, ExtraData: extra, Token: token, IDToken: idToken}
	for _, source := range []claims{profile, said} {
		if id.Username == "" {
			id.Username = scalar(source[p.claims.username])
		}
		if id.FirstName == "" && id.LastName == "" {
			id.FirstName, id.LastName = source.name()
		}
		// email_verified counts only for an address of the same source.
		if email := scalar(source["email"]); email != "" && id.Emails == nil {
			id.Emails = []Email{{Address: email, Verified: isTrue(find(map[string]any(source), p.claims.emailVerified))}}
		}
	}
	if p.entry.adjust != nil {
		p.entry.adjust(id)
	}
	return id, id.Validate()
}

// name returns the parts of a name, which Intuit names in its own way, or splits
// the full name.
func (c claims) name() (first, last string) {
	members := map[string]any(c)
	first, last = text(members, "given_name|givenName"), text(members, "family_name|familyName")
	if first == "" && last == "" {
		return splitName(scalar(c["name"]))
	}
	return first, last
}

// oktaUsername removes the domain that Okta appends to usernames.
func oktaUsername(id *Identity) { id.Username, _, _ = strings.Cut(id.Username, "@") }
