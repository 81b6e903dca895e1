package api

import (
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/authn/code"
	"github.com/allauth-go/allauth/sessions/token"
)

// jwksPath is the path of the public keys of access tokens.
const jwksPath = "/.well-known/jwks.json"

func (f *form) refreshToken() string {
	token, _, isText := f.String("refresh_token")
	switch {
	case !isText:
		f.add("refresh_token", code.Invalid)
	case token == "":
		f.add("refresh_token", code.Required)
	}
	return token
}

func (h *Handler) refreshTokens(c *call, refresh string) (reply, error) {
	if h.tokens == nil {
		return reply{status: http.StatusBadRequest}, nil
	}
	pair, err := h.tokens.Refresh(c.ctx, refresh, c.sess)
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

// writeDocument answers with a document that is the same for all clients.
func (c *call) writeDocument(mediaType string, text []byte) {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		c.w.Header().Set("Allow", "GET, HEAD")
		c.write(reply{status: http.StatusMethodNotAllowed})
		return
	}
	c.w.Header().Set("Content-Type", mediaType)
	c.w.Header().Set("Cache-Control", "public, max-age=300")
	c.w.Header().Del("Expires")
	_, _ = c.w.Write(text) // it fails only if the client has disconnected
}
