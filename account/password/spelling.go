package password

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// normalize returns the form in which new passwords are hashed: the OpaqueString
// profile of RFC 8265. Where the profile refuses a character, as it does some
// emoji, the password is normalized all the same.
func normalize(password string) string {
	if opaque, err := precis.OpaqueString.String(password); err == nil {
		return opaque
	}
	return norm.NFC.String(password)
}

// spelling is one form in which a password may have been hashed.
type spelling struct {
	text string
	// normal is true for the form of new hashes.
	normal bool
	// trimmed is true if blanks at the ends are left out.
	trimmed bool
}

// spellings returns the forms in which a password may have been hashed, at most
// three: as new ones are, as it was typed, and as Django did, without the blanks
// at its ends. They depend on what was typed and on nothing else.
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
