package token

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Key signs or verifies tokens. Exactly one field is set. The signatures are
// RS256 for an RSA key, ES256 for one on the curve P-256, EdDSA for an Ed25519
// key, and HS256 for a secret (RFC 7518, RFC 8037).
type Key struct {
	// Private signs and verifies.
	Private crypto.Signer
	// Public only verifies.
	Public crypto.PublicKey
	// Secret signs and verifies. It has at least 32 random bytes. Every service
	// that has it to verify tokens can sign them as well.
	Secret []byte
}

// ParseKey parses a private or public key in PEM: PKCS #8, PKCS #1, SEC 1 or
// PKIX.
func ParseKey(text []byte) (Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return Key{}, errors.New("token: not a PEM file")
	}
	for _, parse := range []func([]byte) (any, error){
		x509.ParsePKCS8PrivateKey,
		func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
		x509.ParsePKIXPublicKey,
	} {
		parsed, err := parse(block.Bytes)
		if err != nil {
			continue
		}
		if private, ok := parsed.(crypto.Signer); ok {
			return Key{Private: private}, nil
		}
		return Key{Public: parsed}, nil
	}
	return Key{}, fmt.Errorf("token: no key in the PEM block %q", block.Type)
}
