package provider

import (
	"strconv"
	"strings"

	"golang.org/x/oauth2"
)

// alwaysVerified is the rule of providers that tell of verified addresses only.
const alwaysVerified = "always"

// identity reads a profile by the paths of the entry.
func (e Entry) identity(profile map[string]any, token *oauth2.Token) *Identity {
	id := &Identity{
		UID: text(profile, e.uid), Username: text(profile, e.username),
		FirstName: text(profile, e.first), LastName: text(profile, e.last),
		ExtraData: profile, Token: token,
	}
	if name := text(profile, e.name); name != "" && id.FirstName == "" && id.LastName == "" {
		id.FirstName, id.LastName = splitName(name)
	}
	if email := text(profile, e.email); strings.Contains(email, "@") {
		id.Emails = []Email{{Address: email, Verified: e.vouches(profile)}}
	}
	return id
}

// vouches applies the rule for verified addresses: none, alwaysVerified, a path
// to a yes, or a path and the value it must have.
func (e Entry) vouches(profile map[string]any) bool {
	path, value, isComparison := strings.Cut(e.verified, "=")
	switch {
	case e.verified == "":
		return false
	case e.verified == alwaysVerified:
		return true
	case isComparison:
		return text(profile, path) == value
	}
	return isTrue(find(profile, path))
}

// fmtScalar returns a member of a token's answer as text: numbers arrive as
// floats.
func fmtScalar(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return scalar(value)
}
