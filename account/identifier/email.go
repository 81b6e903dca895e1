package identifier

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// MaxEmailLength is the length of the longest email address that is accepted, in
// bytes: that of RFC 5321 section 4.5.3.1.3, less the brackets.
const MaxEmailLength = 254

var (
	localPart  = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	domainPart = regexp.MustCompile(`^(localhost|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,60}[a-z0-9]))$`)
)

// Email returns the one form of an address under which it is stored,
// compared and mailed: ASCII, lower case, an international domain in its
// xn-- form. It reports false for anything that is not a plain address.
func Email(address string) (string, bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || len(address) > MaxEmailLength {
		return "", false
	}
	local, domain := asciiLower(address[:at]), address[at+1:]
	// Without its mapping step IDNA has no second spelling of a domain: no
	// full-width dots, no signs that fold to letters.
	domain, err := idna.Registration.ToASCII(strings.Map(lowerSafely, domain))
	if err != nil || !localPart.MatchString(local) || !domainPart.MatchString(domain) {
		return "", false
	}
	canonical := local + "@" + domain
	return canonical, len(canonical) <= MaxEmailLength
}

// KnownEmail returns the form under which an address of an existing account is
// looked up. It is that of [Email] where there is one. Beyond it,
// KnownEmail takes what other systems have accepted: a local part with letters of
// any script, or with dots in a row or at its ends. Such a local part is kept in
// Unicode NFC and lower case. A sign-up refuses these addresses. It reports false
// for anything that is not an address.
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
	// The domain is held to the rules of every address.
	host, ok := Email("a" + norm.NFC.String(address[at:]))
	known := local + strings.TrimPrefix(host, "a")
	return known, ok && len(known) <= MaxEmailLength
}

// isKnownLocal reports whether r may stand in the local part of an address that
// another system accepted (RFC 6531).
func isKnownLocal(r rune) bool {
	if r > unicode.MaxASCII {
		return unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit)
	}
	return r == '.' || localPart.MatchString(string(r)) || 'A' <= r && r <= 'Z'
}

// asciiLower leaves everything but A to Z alone. strings.ToLower would turn
// other scripts' letters into ASCII ones and so into the address of another user.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// lowerSafely lowers a letter unless that turns it into an ASCII one.
func lowerSafely(r rune) rune {
	lower := unicode.ToLower(r)
	if r > unicode.MaxASCII && lower <= unicode.MaxASCII {
		return r
	}
	return lower
}
