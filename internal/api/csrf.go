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

// checkCSRF refuses a browser's request that another site could have made it
// send: by what the browser says of its origin, and by a token that only pages
// of this site can read.
func (c *call) checkCSRF() error {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if !c.originAllowed(c.r) || !c.refererAllowed() {
		return errCSRF
	}
	token, err := c.shownCSRFToken()
	if err != nil {
		return err
	}
	if !c.csrfAccepted(token) {
		return errCSRF
	}
	return nil
}

// shownCSRFToken is the token that the page sent: in a header, or in the form
// that it posts.
func (c *call) shownCSRFToken() (string, error) {
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

// originAllowed reports whether the origin that the request tells of is this site
// or a trusted one. Where this site has https, a page of its name that came by
// http is not: anyone on the network can have written it.
func (c *call) originAllowed(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err == nil && origin.Scheme == "http" && c.cfg.Cookies.Secure && r.Header.Get("Sec-Fetch-Site") == "" {
		r = r.Clone(c.ctx)
		r.Host = "/" // is no origin's, so that only trusted origins pass
	}
	return c.cfg.Protection.Check(r) == nil
}

// refererAllowed looks at the Referer of browsers that send neither Origin nor
// Sec-Fetch-Site.
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

// comesFromOurPage reports whether the Origin header names this site or a trusted
// one, whatever else the browser says.
func (c *call) comesFromOurPage() bool {
	if c.r.Header.Get("Origin") == "" {
		return false
	}
	onlyOrigin := c.r.Clone(c.ctx)
	onlyOrigin.Header.Del("Sec-Fetch-Site")
	return c.originAllowed(onlyOrigin)
}

// csrfAccepted reports whether the request may go on with that token: one of the
// session, or of none, which is in a cookie as well. Where the request comes from
// a page of ours, a token that the browser got before the login, or for another
// session that it shows, does as well: an answer that arrives late may have put
// it in the place of a newer one.
func (c *call) csrfAccepted(token string) bool {
	if slices.Contains(c.csrfCookies(), token) && c.csrfValid(token, c.csrfSessions()) {
		return true
	}
	return c.csrfValid(token, append(c.shownTokens(), "")) && c.comesFromOurPage()
}

// csrfCookies returns the tokens in the browser's cookies.
func (c *call) csrfCookies() []string {
	return cookie.ReadableValues(c.r, c.sessions.Config().CSRFCookieName, keyring.IsSigned)
}

// csrfSessions returns the session tokens that a CSRF token may belong to, the
// one first that a new one is made for: that of the session or, where there is
// none, nothing and what the browser shows in vain.
func (c *call) csrfSessions() []string {
	if token := c.sess.Token(); token != "" {
		return []string{token}
	}
	return append([]string{""}, c.shownTokens()...)
}

func (c *call) shownTokens() []string {
	var tokens []string
	for _, shown := range c.shown {
		tokens = append(tokens, shown.Token)
	}
	return tokens
}

// csrfToken makes a token for a session token, or for none. A token that another
// site plants is one of another session.
func (c *call) csrfToken(sessionToken string) (string, error) {
	nonce, err := keyring.RandomID(c.work.Rand)
	if err != nil {
		return "", err
	}
	mac := c.work.Keys.MAC(csrfPurpose, []byte(nonce), []byte(sessionToken))
	return nonce + "." + base64.RawURLEncoding.EncodeToString(mac), nil
}

// csrfValid reports whether the token was made for one of the session tokens.
func (c *call) csrfValid(token string, sessionTokens []string) bool {
	nonce, text, _ := strings.Cut(token, ".")
	mac, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && slices.ContainsFunc(sessionTokens, func(sessionToken string) bool {
		return c.work.Keys.CheckMAC(csrfPurpose, mac, []byte(nonce), []byte(sessionToken))
	})
}

// setCookies gives the browser the cookies that this request has changed, and no
// others: the answer may arrive after that to a newer request. A CSRF token is
// set where the browser has none that it could use.
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
	if slices.ContainsFunc(c.csrfCookies(), func(token string) bool { return c.csrfValid(token, belongs) }) {
		return
	}
	token, err := c.csrfToken(belongs[0])
	if err != nil {
		c.logger.ErrorContext(c.ctx, "no CSRF token", "error", err)
		return
	}
	c.cfg.Cookies.SetReadable(c.w, c.r, cfg.CSRFCookieName, token, csrfLifetime)
}
