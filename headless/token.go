package headless

import (
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/sessions/token"
)

// jwksPath is where the public keys of access tokens are published.
const jwksPath = "/.well-known/jwks.json"

func (h *Handler) refreshTokens(c *call) (reply, error) {
	in, err := c.form()
	if err != nil {
		return reply{}, err
	}
	refresh, _, isText := in.String("refresh_token")
	switch {
	case !isText:
		in.add("refresh_token", "invalid")
	case refresh == "":
		in.add("refresh_token", "required")
	}
	if err := in.err(); err != nil {
		return reply{}, err
	}
	if h.tokens == nil {
		return reply{status: http.StatusBadRequest}, nil
	}
	pair, events, err := h.tokens.Refresh(c.ctx, refresh, c.sess.Client)
	for _, event := range events {
		c.sess.Emit(event)
	}
	if errors.Is(err, token.ErrInvalid) {
		return reply{status: http.StatusBadRequest}, nil
	}
	if err != nil {
		return reply{}, err
	}
	data := struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token,omitempty"`
	}{pair.Access, pair.Refresh}
	return reply{status: http.StatusOK, data: data}, nil
}

// writeJWKS publishes the keys, for any service to verify access tokens with.
func (c *call) writeJWKS() {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		c.w.Header().Set("Allow", "GET, HEAD")
		c.write(reply{status: http.StatusMethodNotAllowed})
		return
	}
	c.w.Header().Set("Content-Type", "application/jwk-set+json")
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	c.w.Header().Del("Expires")
	_, _ = c.w.Write(c.tokens.JWKS()) // the client may be gone; there is nobody to tell
}
