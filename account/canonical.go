package account

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	maxEmailLength    = 254 // RFC 5321 section 4.5.3.1.3, less the brackets
	maxUsernameLength = 150
)

var (
	localPart   = regexp.MustCompile("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	domainPart  = regexp.MustCompile(`^(localhost|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,60}[a-z0-9]))$`)
	phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{5,14}$`) // E.164
)

// CanonicalEmail returns the one form of an address under which it is stored,
// compared and mailed: ASCII, lower case, an international domain in its
// xn-- form. It reports false for anything that is not a plain address.
func CanonicalEmail(address string) (string, bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || len(address) > maxEmailLength {
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
	return canonical, len(canonical) <= maxEmailLength
}

// asciiLower leaves everything but A to Z alone. strings.ToLower would turn
// other scripts' letters into ASCII ones and so into somebody else's address.
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

// CanonicalUsername returns the form under which usernames are compared:
// compatibility-normalised and case-folded.
func CanonicalUsername(username string) string {
	return cases.Fold().String(norm.NFKC.String(username))
}

// validUsername allows letters, digits and @.+-_ and no mix of the scripts
// whose letters look alike.
func validUsername(username string) bool {
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
