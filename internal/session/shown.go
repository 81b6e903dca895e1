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
)

// tokenLength is that of every token that scs makes.
const tokenLength = 43

// Shown is a token as a client shows it. A token that comes another way than it
// was handed out is worthless.
type Shown struct {
	Token string
	kind  string
}

// FromApp is the token that an app shows. None if it is empty.
func FromApp(token string) []Shown {
	if token == "" {
		return nil
	}
	return []Shown{{token, kindApp}}
}

// FromCookies returns the tokens that a browser shows: other sites of the domain
// and an earlier configuration may have set cookies of the same name. What can
// be no token of ours is left out.
func (m *Manager) FromCookies(r *http.Request) []Shown {
	var shown []Shown
	for _, value := range cookie.Values(r, m.cfg.CookieName, func(text string) bool { return len(text) == tokenLength }) {
		shown = append(shown, Shown{value.Text, m.rowKind(login.Browser, value.HostPrefixed)})
	}
	return shown
}

// rowKind is the Row.Kind of what a client of that kind carries.
func (m *Manager) rowKind(kind login.Kind, hostCookie bool) string {
	switch {
	case kind == login.App:
		return kindApp
	case hostCookie:
		return kindHostCookie
	}
	return kindBrowser
}

// hash is what the store knows a token by. It is that of scs.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
