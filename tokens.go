package allauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/sessions/token"
)

var errTokensOff = errors.New("allauth: Config.Tokens is nil; set it to issue access tokens")

// VerifyAccessToken checks an access token, as a service does that is called
// with one: its signature, issuer, audience and time, and, unless
// Tokens.StatelessValidation is set, that its session lives. token.ErrInvalid if
// any of it is wrong. Services in other processes do the same with a JWT library
// and the keys that JWKS serves.
func (a *Auth) VerifyAccessToken(ctx context.Context, access string) (*token.AccessToken, error) {
	if a.tokens == nil {
		return nil, errTokensOff
	}
	return a.tokens.Verify(ctx, access)
}

// JWKS serves the public keys of access tokens (RFC 7517), for a host that wants
// them elsewhere than at {BasePath}/.well-known/jwks.json. 404 if access tokens
// are turned off.
func (a *Auth) JWKS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.tokens == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(a.tokens.JWKS()) // the client may be gone; there is nobody to tell
	})
}
