package identifier

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// MaxEmailLength is the length of the longest accepted email address, in bytes:
// that of RFC 5321 section 4.5.3.1.3, less the brackets.
const MaxEmailLength = 254

var (
	localPart  = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	domainPart = regexp.MustCompile(`^(localhost|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,60}[a-z0-9]))$`)
)

// Email returns the form in which an email address is stored, compared and
// mailed: ASCII, lower case, with an international domain in its xn-- form. It
// returns false for anything but a plain address.
func Email(address string) (string, bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || len(address) > MaxEmailLength {
		return "", false
	}
	local, domain := asciiLower(address[:at]), address[at+1:]
	// Without its mapping step IDNA accepts one spelling of a domain: no
	// full-width dots, no signs that fold to letters.
	domain, err := idna.Registration.ToASCII(strings.Map(lowerSafely, domain))
	if err != nil || !localPart.MatchString(local) || !domainPart.MatchString(domain) {
		return "", false
	}
	canonical := local + "@" + domain
	return canonical, len(canonical) <= MaxEmailLength
}

// KnownEmail returns the form in which the address of an existing account is
// looked up. It accepts what [Email] accepts and, as other systems do, local
// parts with letters of any script, or with dots in a row or at the ends; these
// are converted to Unicode NFC and lower case. Sign-ups refuse them. It returns
// false for anything that is not an address.
func KnownEmail(address string) (string, bool) {
	if canonical, ok := Email(address); ok {
		return canonical, true
	}
	at := strings.LastIndexByte(address, '@')
	if at < 1 || !utf8.ValidString(address) {
		return "", false
	}
	local := norm.NFC.String(strings.Map(lowerSafely, address[:at]))
	if strings.ContainsFunc(local, func(r rune) bool { return !isKnownLocal(r) }) {
		return "", false
	}
	// The domain has to pass the same rules as that of any address.
	host, ok := Email("a" + norm.NFC.String(address[at:]))
	known := local + strings.TrimPrefix(host, "a")
	return known, ok && len(known) <= MaxEmailLength
}

// isKnownLocal reports whether the local part of an address that another system
// accepted may contain r (RFC 6531).
func isKnownLocal(r rune) bool {
	if r > unicode.MaxASCII {
		return unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit)
	}
	return r == '.' || localPart.MatchString(string(r)) || 'A' <= r && r <= 'Z'
}

// asciiLower converts A to Z to lower case, and nothing else: strings.ToLower
// turns some letters of other scripts into ASCII letters, and so into the address
// of another user.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// lowerSafely converts a letter to lower case unless the result is an ASCII
// letter.
func lowerSafely(r rune) rune {
	lower := unicode.ToLower(r)
	if r > unicode.MaxASCII && lower <= unicode.MaxASCII {
		return r
	}
	return lower
}
