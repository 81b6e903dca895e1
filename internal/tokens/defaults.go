package tokens

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/allauth-go/allauth/sessions/token"
)

// WithDefaults returns a copy in which every zero field has its default.
func WithDefaults(c token.Config) token.Config {
	c.AccessTokenExpiresIn = cmp.Or(c.AccessTokenExpiresIn, 5*time.Minute)
	c.RefreshTokenExpiresIn = cmp.Or(c.RefreshTokenExpiresIn, 24*time.Hour)
	c.ReuseGrace = cmp.Or(c.ReuseGrace, 5*time.Second)
	c.AuthorizationHeaderScheme = cmp.Or(c.AuthorizationHeaderScheme, "Bearer")
	return c
}

// Validate reports the first field that is invalid.
func Validate(c token.Config) error {
	switch {
	case len(c.Keys) == 0:
		return errors.New("Tokens.Keys is empty; add a private key, for example by token.ParseKey")
	case !signs(c.Keys[0]):
		return errors.New("Tokens.Keys[0] has no private part; the first key must be able to sign")
	case c.AccessTokenExpiresIn < 0:
		return errors.New("Tokens.AccessTokenExpiresIn is negative; leave it zero for 5 minutes")
	case c.RefreshTokenExpiresIn < 0:
		return errors.New("Tokens.RefreshTokenExpiresIn is negative; leave it zero for 24 hours")
	case strings.ContainsAny(c.AuthorizationHeaderScheme, " \t,"):
		return fmt.Errorf("Tokens.AuthorizationHeaderScheme %q is not one word; use one like Bearer", c.AuthorizationHeaderScheme)
	}
	for i, key := range c.Keys {
		if _, err := prepare(key); err != nil {
			return fmt.Errorf("Tokens.Keys[%d]: %w", i, err)
		}
	}
	return nil
}
