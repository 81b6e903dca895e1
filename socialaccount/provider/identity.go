package provider

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"
)

// maxUID is the length of the longest id of a user, in bytes.
const maxUID = 255

// identity reads the identity from a profile, with the paths of the entry.
func (e Entry) identity(profile map[string]any, token *oauth2.Token) *Identity {
	id := &Identity{
		UID: exact(find(profile, e.uid)), OldUID: exact(find(profile, e.oldUID)), OldName: exact(find(profile, e.oldName)),
		Username:  text(profile, e.username),
		FirstName: text(profile, e.first), LastName: text(profile, e.last),
		ExtraData: profile, Token: token,
	}
	if name := text(profile, e.name); name != "" && id.FirstName == "" && id.LastName == "" {
		id.FirstName, id.LastName = splitName(name)
	}
	if email := text(profile, e.email); strings.Contains(email, "@") {
		id.Emails = []Email{{Address: email, Verified: e.emailVerified(profile)}}
	}
	return id
}

// takeEmail replaces the addresses by an unverified one, unless it is empty.
func (id *Identity) takeEmail(address string) {
	if address != "" {
		id.Emails = []Email{{Address: address}}
	}
}

// emailVerified reports whether the profile says that its address is verified. The
// entry's rule is empty (never), the path of a boolean, or a path and its required
// value.
func (e Entry) emailVerified(profile map[string]any) bool {
	path, value, isComparison := strings.Cut(e.verified, "=")
	if isComparison {
		return text(profile, path) == value
	}
	return isTrue(find(profile, path))
}

// Validate returns [ErrInvalid] if the id cannot identify the user in every
// store: some databases ignore trailing blanks in comparisons.
func (id *Identity) Validate() error {
	uid := id.UID
	if uid == "" || len(uid) > maxUID || !utf8.ValidString(uid) || strings.ContainsFunc(uid, notInUID) || uid != strings.TrimSpace(uid) {
		return fmt.Errorf("the provider sent no valid id of the user: %w", ErrInvalid)
	}
	return nil
}

// notInUID reports whether an id cannot contain r: a control character, or the
// replacement of invalid UTF-8.
func notInUID(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) }

// splitName splits a full name at the first blank.
func splitName(name string) (first, last string) {
	first, last, _ = strings.Cut(strings.TrimSpace(name), " ")
	return first, strings.TrimSpace(last)
}
