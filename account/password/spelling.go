package password

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// normalize returns the form in which new passwords are hashed: the OpaqueString
// profile of RFC 8265. Characters that the profile refuses, such as some emoji,
// are kept.
func normalize(password string) string {
	if opaque, err := precis.OpaqueString.String(password); err == nil {
		return opaque
	}
	return norm.NFC.String(password)
}

// spelling is a form in which a password may have been hashed.
type spelling struct {
	text string
	// normal is true for the form of new hashes.
	normal bool
	// trimmed is true if leading and trailing blanks are removed.
	trimmed bool
}

// spellings returns the at most three forms in which a password may have been
// hashed: the form of new hashes, as typed, and as Django does it, without
// leading and trailing blanks. They depend on the typed text only.
func spellings(password string) []spelling {
	list := []spelling{{text: normalize(password), normal: true}}
	for _, s := range []spelling{{text: password}, {text: strings.TrimFunc(password, isBlank), trimmed: true}} {
		if !slices.ContainsFunc(list, func(known spelling) bool { return known.text == s.text }) {
			list = append(list, s)
		}
	}
	return list
}

// isBlank reports whether Python's str.strip, and so Django, removes a character.
func isBlank(r rune) bool { return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f' }
