// Package typedcode reads one-time codes as people type them.
package typedcode

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Normalize returns the one form in which codes are compared: letters in
// lower case and digits, both of ASCII where they have a form there. Spaces,
// hyphens and other punctuation of any script are dropped, because people add
// them and leave them out, and digits of any script are read as digits.
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

// prolongedSound is a letter that Japanese keyboards have in place of the hyphen.
const prolongedSound = '\u30fc'

// digit returns the ASCII digit of a decimal digit. Unicode keeps the digits of a
// script together, in ascending order.
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
