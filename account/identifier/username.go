package identifier

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxUsernameLength is the length of the longest accepted username, in
// characters.
const MaxUsernameLength = 150

// Username returns the form in which usernames are compared:
// compatibility-normalized and case-folded.
func Username(username string) string {
	return cases.Fold().String(norm.NFKC.String(username))
}

// ValidUsername reports whether a sign-up accepts the characters of a username:
// letters, digits and @.+-_, without a mix of scripts whose letters look alike.
func ValidUsername(username string) bool {
	var latin, lookalike bool
	for _, r := range username {
		switch {
		case strings.ContainsRune("@.+-_", r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			latin = latin || unicode.Is(unicode.Latin, r)
			lookalike = lookalike || unicode.In(r, unicode.Cyrillic, unicode.Greek)
		default:
			return false
		}
	}
	return utf8.ValidString(username) && !(latin && lookalike)
}
