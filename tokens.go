package allauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/allauth-go/allauth/sessions/token"
)

var errTokensOff = errors.New("allauth: Config.Tokens is nil; set it to issue access tokens")

// VerifyAccessToken verifies an access token that a client sent: its signature,
// issuer, audience and expiry, and, unless Tokens.StatelessValidation is set,
// that its session has not ended. It returns [token.ErrInvalid] if any check
// fails. Services in other processes verify tokens with a JWT library and the
// keys that JWKS serves.
func (a *Auth) VerifyAccessToken(ctx context.Context, access string) (*token.AccessToken, error) {
	if a.tokens == nil {
		return nil, errTokensOff
	}
	return a.tokens.Verify(ctx, access)
}

// JWKS returns a handler that serves the public keys of access tokens (RFC 7517),
// for hosts that want them at another path than {BasePath}/.well-known/jwks.json.
// It answers with status 404 if access tokens are turned off.
func (a *Auth) JWKS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.tokens == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(a.tokens.JWKS()) // an error means that the client has disconnected
	})
}
