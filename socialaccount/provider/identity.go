package provider

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"
)

const (
	// alwaysVerified is the rule of providers that tell of verified addresses
	// only.
	alwaysVerified = "always"
	// maxUID is the longest id of a user, in bytes.
	maxUID = 191
)

// identity reads a profile by the paths of the entry.
func (e Entry) identity(profile map[string]any, token *oauth2.Token) *Identity {
	id := &Identity{
		UID: exact(find(profile, e.uid)), Username: text(profile, e.username),
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

// Validate returns ErrInvalid for an identity without an id that tells users
// apart, in any store: some take a text and the same with a blank behind it for
// equal.
func (id *Identity) Validate() error {
	uid := id.UID
	if uid == "" || len(uid) > maxUID || !utf8.ValidString(uid) || strings.ContainsFunc(uid, notInUID) || uid != strings.TrimSpace(uid) {
		return fmt.Errorf("the provider sent no usable id for its user: %w", ErrInvalid)
	}
	return nil
}

// notInUID is true for what no id holds: control characters, and the mark that a
// decoder leaves for bytes that were no text.
func notInUID(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }

// splitName divides a full name at the first blank.
func splitName(name string) (first, last string) {
	first, last, _ = strings.Cut(strings.TrimSpace(name), " ")
	return first, strings.TrimSpace(last)
}
