package headless

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/allauth-go/allauth/internal/flow"
	"github.com/allauth-go/allauth/sessions"
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
	if c.cfg.Protection.Check(c.r) != nil || !c.refererAllowed() {
		return errCSRF
	}
	token, err := c.shownCSRFToken()
	if err != nil {
		return err
	}
	cookie, err := c.r.Cookie(c.sessions.Config().CSRFCookieName)
	if err != nil || token == "" || token != cookie.Value || !c.csrfValid(token, c.token(flow.Browser)) {
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
	return c.cfg.Protection.Check(asOrigin) == nil
}

// csrfToken makes a token for the session cookie that the browser shows, or for
// none. Whoever plants a token of their own has one of another session.
func (c *call) csrfToken(sessionToken string) (string, error) {
	nonce, err := flow.RandomID(c.random)
	if err != nil {
		return "", err
	}
	mac := c.keys.MAC(csrfPurpose, []byte(nonce), []byte(sessionToken))
	return nonce + "." + base64.RawURLEncoding.EncodeToString(mac), nil
}

func (c *call) csrfValid(token, sessionToken string) bool {
	nonce, text, _ := strings.Cut(token, ".")
	mac, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && c.keys.CheckMAC(csrfPurpose, mac, []byte(nonce), []byte(sessionToken))
}

// setCookies keeps the browser's session and CSRF cookies up to date.
func (c *call) setCookies(outcome sessions.Outcome) {
	c.w.Header().Add("Vary", "Cookie")
	cfg := c.sessions.Config()
	shown := c.token(flow.Browser)
	switch {
	case outcome.Token != "":
		shown = outcome.Token
		c.setCookie(cfg.CookieName, shown, cfg.Lifetime, true)
	case outcome.Cleared:
		shown = ""
		c.setCookie(cfg.CookieName, "", -1, true)
	}
	for _, cookie := range c.sess.Cookies() {
		c.setCookie(cookie.Name, cookie.Value, cookie.MaxAge, true)
	}
	token := ""
	if cookie, err := c.r.Cookie(cfg.CSRFCookieName); err == nil && c.csrfValid(cookie.Value, shown) {
		token = cookie.Value
	}
	if token == "" {
		var err error
		if token, err = c.csrfToken(shown); err != nil {
			c.logger.ErrorContext(c.ctx, "no CSRF token", "error", err)
			return
		}
	}
	c.setCookie(cfg.CSRFCookieName, token, csrfLifetime, false)
}

func (c *call) setCookie(name, value string, lifetime time.Duration, httpOnly bool) {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: "/", Domain: c.sessions.Config().CookieDomain,
		MaxAge: int(lifetime / time.Second), Expires: time.Now().Add(lifetime), Secure: c.cfg.Secure, HttpOnly: httpOnly, SameSite: http.SameSiteLaxMode,
	}
	if lifetime < 0 {
		cookie.MaxAge, cookie.Expires = -1, time.Unix(1, 0)
	}
	http.SetCookie(c.w, cookie)
}
