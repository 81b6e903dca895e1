package hook

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

const (
	// maxLogged is how much of a text of the host is logged, in bytes.
	maxLogged = 1000
	// minSecret is the length of the shortest secret that is removed.
	minSecret = 4
	// removed stands for what was removed.
	removed = "…"
)

var (
	// urls are URLs: the scheme, the host and what follows, which may contain a key.
	urls = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)([^\s"'<>/?#@]*)([^\s"'<>]*)`)
	// addresses are email addresses, and what else stands beside an @.
	addresses = regexp.MustCompile(`[^\s"'<>(),;=\[\]{}]*(?:@|%40)[^\s"'<>(),;=\[\]{}]*`)
	// numbers are phone numbers in the international form.
	numbers = regexp.MustCompile(`\+[0-9][0-9 ().-]{5,}[0-9]`)
	// plain are words of a message that say nothing about its recipient.
	plain = regexp.MustCompile(`^\p{L}?[\p{Ll}’-]*$`)
)

// Redact returns a text of the host for the log: without the secrets, email addresses,
// phone numbers, and what follows the host in URLs. A long text is cut.
func Redact(text string, secrets ...string) string {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may be part of another
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, removed)
		}
	}
	text = urls.ReplaceAllStringFunc(text, redactURL)
	text = addresses.ReplaceAllString(text, removed)
	text = numbers.ReplaceAllString(text, removed)
	if len(text) > maxLogged {
		text = strings.ToValidUTF8(text[:maxLogged], "") + removed
	}
	return text
}

// redactURL returns the scheme and the host of a URL.
func redactURL(text string) string {
	parts := urls.FindStringSubmatch(text)
	switch scheme, host, rest := parts[1], parts[2], parts[3]; {
	case strings.Contains(rest, "@"): // what looks like the host may be a password
		return scheme + removed
	case rest == "" || rest == "/":
		return text
	default:
		return scheme + host + "/" + removed
	}
}

// Words returns the texts and those of their words that may be secrets, such as codes and
// the parts of links. Words of lower-case letters are none.
func Words(texts ...string) []string {
	var words []string
	for _, text := range texts {
		words = append(words, text)
		for _, word := range strings.Fields(text) {
			parts := strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("/?=&#:<>", r) })
			for _, part := range append(parts, word) {
				if part = strings.Trim(part, `.,:;!?()<>[]"'=`); !plain.MatchString(part) {
					words = append(words, part)
				}
			}
		}
	}
	return words
}
