package api

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/allauth-go/allauth/internal/cookie"
	"github.com/allauth-go/allauth/internal/keyring"
	"github.com/allauth-go/allauth/internal/session"
)

const (
	csrfPurpose  = "csrf"
	csrfHeader   = "X-CSRFToken"
	csrfField    = "csrfmiddlewaretoken"
	maxFormBody  = 64 << 10 // bytes
	csrfLifetime = 364 * 24 * time.Hour
)

var errCSRF = errors.New("headless: cross-site request refused")

// checkCSRF returns an error for a request that another site may have caused. It checks
// the origin that the browser sends, and a token that only pages of this site can read; for
// a request that the host makes in process, also that a page of this site caused it.
func (c *call) checkCSRF() error {
	if isSafe(c.r.Method) {
		return nil
	}
	if !c.originAllowed(c.r) || !c.refererAllowed() {
		return errCSRF
	}
	token, err := c.sentCSRFToken()
	if err != nil {
		return err
	}
	if c.hostMethod != "" && c.causedByOwnPage(c.hostMethod) {
		return nil
	}
	if !c.csrfAccepted(token) {
		return errCSRF
	}
	return nil
}

// sentCSRFToken returns the token in the header or in the posted form.
func (c *call) sentCSRFToken() (string, error) {
	token := c.r.Header.Get(csrfHeader)
	if !c.route.form {
		return token, nil
	}
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, maxFormBody)
	if err := c.r.ParseMultipartForm(maxFormBody); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return "", errCSRF
	}
	if token == "" {
		token = c.r.PostForm.Get(csrfField)
	}
	return token, nil
}

// originAllowed reports whether the origin of the request is this site or a trusted one.
// If this site uses https, its http origin is not allowed, because an attacker in the
// network can forge such a page.
func (c *call) originAllowed(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err == nil && origin.Scheme == "http" && c.cfg.Cookies.Secure && r.Header.Get("Sec-Fetch-Site") == "" {
		r = r.Clone(c.ctx)
		r.Host = "/" // not the host of any origin, so that only trusted origins pass
	}
	return c.cfg.Protection.Check(r) == nil
}

// refererAllowed is originAllowed for the Referer header of browsers that send neither
// Origin nor Sec-Fetch-Site.
func (c *call) refererAllowed() bool {
	referer := c.r.Header.Get("Referer")
	if referer == "" || c.r.Header.Get("Origin") != "" || c.r.Header.Get("Sec-Fetch-Site") != "" {
		return true
	}
	u, err := url.Parse(referer)
	if err != nil || u.Host == "" {
		return false
	}
	asOrigin := c.r.Clone(c.ctx)
	asOrigin.Header.Set("Origin", u.Scheme+"://"+u.Host)
	return c.originAllowed(asOrigin)
}

// hasTrustedOrigin reports whether the Origin header names this site or a trusted one,
// whatever Sec-Fetch-Site says.
func (c *call) hasTrustedOrigin() bool {
	if c.r.Header.Get("Origin") == "" {
		return false
	}
	onlyOrigin := c.r.Clone(c.ctx)
	onlyOrigin.Header.Del("Sec-Fetch-Site")
	return c.originAllowed(onlyOrigin)
}

// csrfAccepted reports whether the request is accepted with that token: a token of the
// session, or of no session, that is in a cookie as well. From a trusted origin, a token
// from before the login, or of another session whose token the browser sends, is
// accepted, too: a late response may have replaced a newer cookie by it.
func (c *call) csrfAccepted(token string) bool {
	if slices.Contains(c.csrfCookies(), token) && c.csrfValid(token, c.csrfSessions()) {
		return true
	}
	return c.csrfValid(token, append(c.shownTokens(), "")) && c.hasTrustedOrigin()
}

// csrfCookies returns the tokens in the browser's cookies.
func (c *call) csrfCookies() []string {
	return cookie.ReadableValues(c.r, c.sessions.Config().CSRFCookieName, keyring.IsSigned)
}

// csrfSessions returns the session tokens to which a CSRF token may belong. A new CSRF
// token is generated for the first one: that of the session, or, if there is none, the
// empty one, followed by the invalid ones that the browser sent.
func (c *call) csrfSessions() []string {
	if token := c.sess.Token(); token != "" {
		return []string{token}
	}
	return append([]string{""}, c.shownTokens()...)
}

// shownTokens returns the session tokens in the request.
func (c *call) shownTokens() []string {
	var tokens []string
	for _, shown := range c.shown {
		tokens = append(tokens, shown.Token)
	}
	return tokens
}

// csrfToken returns a new CSRF token for a session token, or for none. A CSRF token that
// another site sets as a cookie belongs to another session.
func (c *call) csrfToken(sessionToken string) (string, error) {
	nonce, err := keyring.RandomID(c.work.Rand)
	if err != nil {
		return "", err
	}
	mac := c.work.Keys.MAC(csrfPurpose, []byte(nonce), []byte(sessionToken))
	return nonce + "." + base64.RawURLEncoding.EncodeToString(mac), nil
}

// csrfValid reports whether the token was generated for one of the session tokens.
func (c *call) csrfValid(token string, sessionTokens []string) bool {
	nonce, text, _ := strings.Cut(token, ".")
	mac, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && slices.ContainsFunc(sessionTokens, func(sessionToken string) bool {
		return c.work.Keys.CheckMAC(csrfPurpose, mac, []byte(nonce), []byte(sessionToken))
	})
}

// setCookies sets the cookies that this request has changed, and no others, because the
// response may arrive after that to a newer request. It sets a CSRF token if the browser
// has no valid one.
func (c *call) setCookies(outcome session.Outcome) {
	c.w.Header().Add("Vary", "Cookie")
	cfg := c.sessions.Config()
	belongs := c.csrfSessions()
	switch {
	case outcome.Token != "":
		c.cfg.Cookies.Set(c.w, cfg.CookieName, outcome.Token, cfg.Lifetime)
	case outcome.Cleared:
		belongs = []string{""}
		c.cfg.Cookies.Clear(c.w, c.r, cfg.CookieName)
	}
	for _, one := range c.sess.Cookies() {
		c.cfg.Cookies.Set(c.w, one.Name, one.Value, one.MaxAge)
	}
	cookies := c.csrfCookies()
	if i := slices.IndexFunc(cookies, func(token string) bool { return c.csrfValid(token, belongs) }); i >= 0 {
		c.showCSRFToken(cookies[i])
		return
	}
	token, err := c.csrfToken(belongs[0])
	if err != nil {
		c.logger.ErrorContext(c.ctx, "cannot generate a CSRF token", "error", err)
		return
	}
	c.cfg.Cookies.SetReadable(c.w, c.r, cfg.CSRFCookieName, token, csrfLifetime)
	c.showCSRFToken(token)
}
