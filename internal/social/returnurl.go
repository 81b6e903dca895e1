package social

import (
	"net/url"
	"strings"
	"unicode"
)

// maxReturnURL is the longest URL to go back to, in bytes.
const maxReturnURL = 2048

// origin returns scheme, host and port of a URL in one spelling.
func origin(u *url.URL) string {
	host := u.Host
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// mayReturnTo reports whether a browser may be sent to a URL that a client
// chose: a path of this server, or a page of an origin that the host named.
// Scheme, host and port must be exactly the same.
func (s *Service) mayReturnTo(target string) bool {
	if target == "" || len(target) > maxReturnURL || !plainASCII(target) {
		return false
	}
	u, err := url.Parse(target)
	if err != nil || u.Opaque != "" || u.User != nil {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && !hidesSlashes(target)
	}
	return u.Host != "" && strings.HasPrefix(target, u.Scheme+"://"+u.Host) && s.returns[origin(u)]
}

// plainASCII refuses what browsers and url.Parse read differently: blanks,
// control characters, backslashes, and letters of other scripts, some of which
// browsers turn into dots and slashes.
func plainASCII(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	return true
}

// hidesSlashes finds a path that turns into another host once it is decoded, as
// some proxies do.
func hidesSlashes(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	path, _, _ = strings.Cut(path, "#")
	decoded, err := url.PathUnescape(path)
	return err != nil || len(decoded) > 1 && strings.ContainsRune("/\\", rune(decoded[1])) || strings.ContainsFunc(decoded, unicode.IsControl)
}

// withParameters adds parameters to the query of a URL, in place of those with
// the same name. The order of the others, and the fragment, stay.
func withParameters(target string, pairs ...[2]string) string {
	rest, fragment, hasFragment := strings.Cut(target, "#")
	base, query, _ := strings.Cut(rest, "?")
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if part != "" && !named(pairs, name) {
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

func named(pairs [][2]string, name string) bool {
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
