package settings

import (
	"fmt"
	"time"

	"github.com/allauth-go/allauth/sessions/token"
)

// tokenSettings are the keys of "headless" about access tokens.
type tokenSettings struct {
	TokenStrategy    string   `json:"token_strategy"`
	Algorithm        string   `json:"jwt_algorithm"`
	PrivateKey       string   `json:"jwt_private_key"`
	AccessExpiresIn  duration `json:"jwt_access_token_expires_in"`
	RefreshExpiresIn duration `json:"jwt_refresh_token_expires_in"`
	Scheme           string   `json:"jwt_authorization_header_scheme"`
	Stateful         bool     `json:"jwt_stateful_validation_enabled"`
	Rotate           *bool    `json:"jwt_rotate_refresh_token"`
}

// tokens returns nil unless the strategy is "jwt".
func (s tokenSettings) tokens(secrets [][]byte) (*token.Config, error) {
	switch s.TokenStrategy {
	case "", "session":
		return nil, nil
	case "jwt":
	default:
		return nil, fmt.Errorf("token_strategy is %q; use session or jwt", s.TokenStrategy)
	}
	keys, err := s.keys(secrets)
	if err != nil {
		return nil, err
	}
	return &token.Config{
		Keys:                      keys,
		AccessTokenExpiresIn:      time.Duration(s.AccessExpiresIn),
		RefreshTokenExpiresIn:     time.Duration(s.RefreshExpiresIn),
		AuthorizationHeaderScheme: s.Scheme,
		StatelessValidation:       !s.Stateful,
		KeepRefreshToken:          s.Rotate != nil && !*s.Rotate,
	}, nil
}

// keys reads the private key, or derives one from each secret key: the first one signs,
// and the tokens of the others are valid until they expire.
func (s tokenSettings) keys(secrets [][]byte) ([]token.Key, error) {
	if s.PrivateKey == "" {
		var keys []token.Key
		for _, secret := range secrets {
			key, err := derivedKey(string(secret), s.Algorithm)
			if err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
		return keys, nil
	}
	if s.Algorithm == "HS256" {
		return []token.Key{{Secret: []byte(s.PrivateKey)}}, nil
	}
	key, err := token.ParseKey([]byte(s.PrivateKey))
	if err != nil {
		return nil, fmt.Errorf("jwt_private_key: %w", err)
	}
	return []token.Key{key}, nil
}
