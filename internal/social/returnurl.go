package social

import (
	"net/url"
	"strings"
	"unicode"
)

// maxReturnURL is the length of the longest URL that a client may choose, in bytes.
const maxReturnURL = 2048

// origin returns the scheme, host and port of a URL, without a default port.
func origin(u *url.URL) string {
	host := u.Host
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// mayRedirectTo reports whether a browser may be redirected to a URL that a client
// chose: a path of this server, or a URL of a configured origin. The scheme, host and
// port must be equal.
func (s *Service) mayRedirectTo(target string) bool {
	if target == "" || len(target) > maxReturnURL || !plainASCII(target) {
		return false
	}
	u, err := url.Parse(target)
	if err != nil || u.Opaque != "" || u.User != nil {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !decodesToHost(target)
	}
	return u.Host != "" && strings.HasPrefix(target, u.Scheme+"://"+u.Host) && s.returnOrigins[origin(u)]
}

// plainASCII reports whether a text has none of the characters that browsers and
// url.Parse interpret differently: spaces, control characters, backslashes, and
// characters beyond ASCII, some of which browsers turn into dots and slashes.
func plainASCII(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// decodesToHost reports whether a path, once it is decoded as by some proxies, starts
// with two slashes, so that browsers take it for a host.
func decodesToHost(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	path, _, _ = strings.Cut(path, "#")
	decoded, err := url.PathUnescape(path)
	return err != nil || len(decoded) > 1 && strings.ContainsRune("/\\", rune(decoded[1])) || strings.ContainsFunc(decoded, unicode.IsControl)
}

// withParameters adds parameters to the query of a URL and removes others with the same
// names. The order of the rest, and the fragment, are kept.
func withParameters(target string, pairs ...[2]string) string {
	rest, fragment, hasFragment := strings.Cut(target, "#")
	base, query, _ := strings.Cut(rest, "?")
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if part != "" && !hasName(pairs, name) {
			parts = append(parts, part)
		}
	}
	for _, pair := range pairs {
		parts = append(parts, url.QueryEscape(pair[0])+"="+url.QueryEscape(pair[1]))
	}
	target = base + "?" + strings.Join(parts, "&")
	if hasFragment {
		target += "#" + fragment
	}
	return target
}

// hasName reports whether one of the pairs has that name, which is URL-encoded.
func hasName(pairs [][2]string, name string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	for _, pair := range pairs {
		if pair[0] == name {
			return true
		}
	}
	return false
}
