package demoprovider

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// serveToken serves the token endpoint (RFC 6749 section 3.2). A code is valid once, with
// the redirect URI and the PKCE verifier (RFC 7636) of its authorization request.
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	if !p.knowsClient(r) {
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	g, ok := p.takeCode(r.PostForm)
	if !ok {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := maps.Clone(g.claims)
	claims["auth_time"] = g.authenticatedAt.Unix()
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	if p.cfg.EditIDToken != nil {
		p.cfg.EditIDToken(claims)
	}
	idToken, err := p.IDToken(claims)
	if err == nil {
		var accessToken string
		if accessToken, err = p.newAccessToken(g.claims); err == nil {
			writeJSON(w, http.StatusOK, map[string]any{
				"access_token": accessToken, "token_type": "Bearer", "expires_in": int(tokenLifetime.Seconds()), "id_token": idToken,
			})
			return
		}
	}
	writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
}

func (p *Provider) knowsClient(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	if basic { // RFC 6749 section 2.3.1: both are form-encoded first
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return id == p.cfg.ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(p.cfg.ClientSecret)) == 1
}

func (p *Provider) takeCode(form url.Values) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := form.Get("code")
	g, ok := p.codes[code]
	delete(p.codes, code)
	switch {
	case !ok, p.cfg.Now().After(g.validUntil), form.Get("grant_type") != "authorization_code":
		return grant{}, false
	case g.redirectURI != form.Get("redirect_uri"):
		return grant{}, false
	case g.challenge == "":
		return g, true
	}
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	return g, g.challengeMethod == "S256" && encode(sum[:]) == g.challenge
}

func (p *Provider) newAccessToken(claims map[string]any) (string, error) {
	token, err := randomText()
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens[token] = claims
	return token, nil
}

// serveUserInfo serves the user info endpoint (OpenID Connect Core section 5.3).
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	claims, ok := p.tokens[token]
	p.mu.Unlock()
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	claims = maps.Clone(claims)
	if p.cfg.EditUserInfo != nil {
		p.cfg.EditUserInfo(claims)
	}
	writeJSON(w, http.StatusOK, claims)
}
