package token

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Config turns on access and refresh tokens. Keys must be set; the zero value of
// everything else is the safe choice.
type Config struct {
	// Keys sign and verify tokens. The first one signs. To rotate, put a new key
	// in front, and remove the old one when the last refresh token that it signed
	// has expired.
	Keys []Key
	// AccessTokenExpiresIn is how long an access token is valid. Zero: 5 minutes.
	AccessTokenExpiresIn time.Duration
	// RefreshTokenExpiresIn is how long an unused refresh token is valid. It ends
	// with its session in any case. Zero: 24 hours.
	RefreshTokenExpiresIn time.Duration
	// KeepRefreshToken does not replace a refresh token when it is used, so that
	// a stolen one can be used until its session ends.
	KeepRefreshToken bool
	// Reuse of a refresh token normally ends the session. Within ReuseGrace of
	// its first use, reuse is only rejected, so that a retried request does not
	// log the user out. Zero: 5 seconds. Negative: none.
	ReuseGrace time.Duration
	// StatelessValidation accepts an access token by its signature alone, without
	// a query of the store. A token then stays valid for the rest of
	// AccessTokenExpiresIn after a logout, and after its user was disabled or
	// deleted. The host's routes see the user as described by the claims: sub,
	// preferred_username, name, and in Extra those that Claims adds.
	StatelessValidation bool
	// AuthorizationHeaderScheme precedes the token in the Authorization header.
	// Empty: Bearer (RFC 6750).
	AuthorizationHeaderScheme string
	// Audience is the claim aud of access tokens, and required of them. Empty:
	// none.
	Audience string
	// Claims returns further claims for the access tokens of a user. It cannot
	// replace registered claims. It is called at a login, before its transaction
	// and after a new user is stored, and at each refresh. Nil: no further
	// claims.
	Claims func(ctx context.Context, u *authn.User) (map[string]any, error)
}
