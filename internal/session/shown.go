package session

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/allauth-go/allauth/internal/cookie"
	"github.com/allauth-go/allauth/internal/login"
)

// The values of Row.Kind.
const (
	kindApp        = "app"
	kindBrowser    = "browser"
	kindHostCookie = "browser host"
	kindReplaced   = "replaced"
	// kindDjango is that of an adopted session of Django, whose key apps and browsers send
	// alike.
	kindDjango = "django"
)

// tokenLength is the length of the tokens that scs generates.
const tokenLength = 43

// djangoKeyLength is the length of the session keys of Django.
const djangoKeyLength = 32

// Shown is a token in a request. It is valid only in the place where the client
// received it: an app's token is not accepted in a cookie, and the reverse.
type Shown struct {
	Token string
	kind  string
}

// FromApp returns the token in a request of an app, none if it is empty.
func FromApp(token string) []Shown {
	if token == "" {
		return nil
	}
	return []Shown{{token, kindApp}}
}

// FromCookies returns the tokens in the cookies of a browser. There may be several:
// other sites of the domain, or an earlier configuration, may have set cookies of the
// same name. Values that do not have the length of a token are left out.
func (m *Manager) FromCookies(r *http.Request) []Shown {
	var shown []Shown
	ours := func(text string) bool {
		return len(text) == tokenLength || m.cfg.DjangoKeys && len(text) == djangoKeyLength
	}
	for _, value := range cookie.Values(r, m.cfg.CookieName, ours) {
		shown = append(shown, Shown{value.Text, m.rowKind(login.Browser, value.HostPrefixed)})
	}
	return shown
}

// rowKind returns the Row.Kind of sessions of that kind of client.
func (m *Manager) rowKind(kind login.Kind, hostCookie bool) string {
	switch {
	case kind == login.App:
		return kindApp
	case hostCookie:
		return kindHostCookie
	}
	return kindBrowser
}

// hash returns the hash of a token under which scs stores the session.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
