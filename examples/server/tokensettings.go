package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"log/slog"
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

// key reads the private key or makes one. Secrets and Ed25519 keys are derived
// from the secret key and stay the same; others last until the server stops.
func (s tokenSettings) key(secretKey string) (token.Key, error) {
	hmac := s.Algorithm == "HS256"
	if s.PrivateKey != "" {
		if hmac {
			return token.Key{Secret: []byte(s.PrivateKey)}, nil
		}
		return token.ParseKey([]byte(s.PrivateKey))
	}
	seed, err := hkdf.Key(sha256.New, []byte(secretKey), nil, "allauth server: access tokens", ed25519.SeedSize)
	if err != nil {
		return token.Key{}, err
	}
	var private crypto.Signer
	switch s.Algorithm {
	case "HS256":
		return token.Key{Secret: seed}, nil
	case "EdDSA":
		return token.Key{Private: ed25519.NewKeyFromSeed(seed)}, nil
	case "", "RS256":
		private, err = rsa.GenerateKey(rand.Reader, 3072)
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return token.Key{}, fmt.Errorf("jwt_algorithm is %q; use RS256, ES256, EdDSA or HS256", s.Algorithm)
	}
	slog.Warn("jwt_private_key is empty: access tokens will not be good after a restart, nor on other servers")
	return token.Key{Private: private}, err
}
