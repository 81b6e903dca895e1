package main

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
func (s tokenSettings) tokens(secretKey string) (*token.Config, error) {
	switch s.TokenStrategy {
	case "", "session":
		return nil, nil
	case "jwt":
	default:
		return nil, fmt.Errorf("token_strategy is %q; use session or jwt", s.TokenStrategy)
	}
	key, err := s.key(secretKey)
	if err != nil {
		return nil, err
	}
	return &token.Config{
		Keys:                      []token.Key{key},
		AccessTokenExpiresIn:      time.Duration(s.AccessExpiresIn),
		RefreshTokenExpiresIn:     time.Duration(s.RefreshExpiresIn),
		AuthorizationHeaderScheme: s.Scheme,
		StatelessValidation:       !s.Stateful,
		KeepRefreshToken:          s.Rotate != nil && !*s.Rotate,
	}, nil
}

// key reads the private key, or derives one from the secret key.
func (s tokenSettings) key(secretKey string) (token.Key, error) {
	switch {
	case s.PrivateKey == "":
		return derivedKey(secretKey, s.Algorithm)
	case s.Algorithm == "HS256":
		return token.Key{Secret: []byte(s.PrivateKey)}, nil
	}
	key, err := token.ParseKey([]byte(s.PrivateKey))
	if err != nil {
		return key, fmt.Errorf("jwt_private_key: %w", err)
	}
	return key, nil
}
