// Package typedcode normalizes one-time codes that users type.
package typedcode

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Normalize returns the form in which codes are compared: letters in lower case, and
// ASCII digits for the digits of all scripts. Spaces, hyphens and other punctuation are
// removed, because users add or omit them.
func Normalize(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return digit(r)
		case unicode.IsLetter(r) && r != prolongedSound:
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(code))
}

// prolongedSound is a letter that Japanese keyboards type instead of a hyphen.
const prolongedSound = '\u30fc'

// digit returns the ASCII digit for a decimal digit. In Unicode the digits of a script
// follow each other in ascending order.
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	return r
}
