package token

import (
	"context"
	"time"

	"github.com/allauth-go/allauth/authn"
)

// Config turns on access and refresh tokens. Keys must be set; the zero value of
// everything else is the safe choice.
type Config struct {
	// Keys sign and verify. The first one signs; put a new one in front to
	// rotate, and take the old one away once its last refresh token is out of
	// date.
	Keys []Key
	// AccessTokenExpiresIn is how long an access token is good for. Zero: 5
	// minutes.
	AccessTokenExpiresIn time.Duration
	// RefreshTokenExpiresIn is how long a refresh token may wait for its use.
	// It never outlives its session. Zero: 24 hours.
	RefreshTokenExpiresIn time.Duration
	// KeepRefreshToken leaves a refresh token as it is when it is used, so that
	// a stolen one works until its session ends.
	KeepRefreshToken bool
	// ReuseGrace is how long after its use a refresh token may turn up again
	// without ending the session, as happens when an answer is lost on its way
	// or two requests cross. It is refused all the same. Zero: 5 seconds;
	// negative: none.
	ReuseGrace time.Duration
	// StatelessValidation accepts an access token by its signature alone, without
	// asking the store. It stays valid for what is left of AccessTokenExpiresIn
	// after a logout, and after its user was disabled or deleted. The host's
	// routes see the user as the claims describe it: sub, preferred_username,
	// name, and in Extra the others that Claims adds.
	StatelessValidation bool
	// AuthorizationHeaderScheme precedes the token in the Authorization header.
	// Empty: Bearer (RFC 6750).
	AuthorizationHeaderScheme string
	// Audience is written into the access tokens and demanded of them. Empty:
	// none.
	Audience string
	// Claims adds claims to the access tokens of a user. It cannot replace the
	// registered ones. It is called before the transaction of a login, when the user
	// is stored, and at each refresh. Nil: no more claims.
	Claims func(ctx context.Context, u *authn.User) (map[string]any, error)
}
