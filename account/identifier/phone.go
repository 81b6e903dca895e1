package identifier

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/allauth-go/allauth/internal/typedcode"
)

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`)

// trunkZeroKept are the country codes after which a zero in brackets is part of
// the number: Italy, San Marino and Vatican City.
var trunkZeroKept = []string{"+39", "+378", "+379"}

// Phone returns a phone number in E.164 form, such as +31612345678. It accepts
// digits of any script, spaces, hyphens, dots, slashes and brackets, 00 in place
// of the plus sign, and the (0) that is dialled inside a country only. It returns
// false for a number without a country code, and for any other text.
func Phone(input string) (string, bool) {
	var b strings.Builder
	for _, r := range norm.NFKC.String(input) {
		switch {
		case unicode.IsDigit(r):
			b.WriteString(typedcode.Normalize(string(r)))
		case strings.ContainsRune("+()", r):
			b.WriteRune(r)
		case unicode.IsLetter(r) && r != '\u30fc', r <= unicode.MaxASCII && !strings.ContainsRune(" \t-./", r):
			return "", false
		}
	}
	number := b.String()
	if national, ok := strings.CutPrefix(strings.TrimLeft(number, "()"), "00"); ok {
		number = "+" + national
	}
	number = strings.TrimLeft(number, "()")
	zero := ""
	if slices.ContainsFunc(trunkZeroKept, func(code string) bool { return strings.HasPrefix(number, code) }) {
		zero = "0"
	}
	number = strings.Replace(number, "(0)", zero, 1)
	number = strings.NewReplacer("(", "", ")", "").Replace(number)
	return number, ValidPhone(number)
}

// ValidPhone reports whether a number is in E.164 form.
func ValidPhone(number string) bool { return e164.MatchString(number) }
