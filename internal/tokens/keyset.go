package tokens

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/allauth-go/allauth/sessions/token"
	"github.com/go-jose/go-jose/v4"
)

const (
	minSecretBytes = 32
	minRSABits     = 2048
)

func signs(k token.Key) bool { return k.Private != nil || k.Secret != nil }

// prepared is a key with its values in headers.
type prepared struct {
	id        string
	algorithm jose.SignatureAlgorithm
	sign      any // nil for a key that only verifies
	verify    any
}

func prepare(k token.Key) (*prepared, error) {
	switch {
	case k.Secret != nil && (k.Private != nil || k.Public != nil), k.Private != nil && k.Public != nil:
		return nil, errors.New("more than one of Private, Public and Secret is set; set one")
	case k.Secret != nil:
		return prepareSecret(k.Secret)
	case k.Private != nil:
		p, err := preparePublic(k.Private.Public())
		if err == nil {
			p.sign = k.Private
		}
		return p, err
	}
	return preparePublic(k.Public)
}

func prepareSecret(secret []byte) (*prepared, error) {
	if len(secret) < minSecretBytes {
		return nil, fmt.Errorf("the secret has %d bytes; use at least %d random ones", len(secret), minSecretBytes)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("key id"))
	id := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
	return &prepared{id: id, algorithm: jose.HS256, sign: secret, verify: secret}, nil
}

func preparePublic(public crypto.PublicKey) (*prepared, error) {
	p := &prepared{verify: public}
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSABits {
			return nil, fmt.Errorf("the RSA key has %d bits; use at least %d", key.N.BitLen(), minRSABits)
		}
		p.algorithm = jose.RS256
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return nil, errors.New("the ECDSA key is not on the curve P-256; use one that is")
		}
		p.algorithm = jose.ES256
	case ed25519.PublicKey:
		p.algorithm = jose.EdDSA
	default:
		return nil, fmt.Errorf("a key of type %T cannot be used; use RSA, ECDSA on P-256, Ed25519 or a secret", public)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256) // RFC 7638
	if err != nil {
		return nil, fmt.Errorf("the key has no thumbprint: %w", err)
	}
	p.id = base64.RawURLEncoding.EncodeToString(thumbprint)
	return p, nil
}

// keySet is all keys, the signing one first.
type keySet struct {
	keys []*prepared
	// signer signs tokens of the type JWT, accessSigner those of the type at+jwt (RFC 9068).
	signer, accessSigner jose.Signer

	algorithms []jose.SignatureAlgorithm
	public     jose.JSONWebKeySet
}

func newKeySet(keys []token.Key) (*keySet, error) {
	set := &keySet{public: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}}
	for i, key := range keys {
		p, err := prepare(key)
		if err != nil {
			return nil, fmt.Errorf("Tokens.Keys[%d]: %w", i, err)
		}
		set.keys = append(set.keys, p)
		set.algorithms = append(set.algorithms, p.algorithm)
		if p.algorithm != jose.HS256 {
			set.public.Keys = append(set.public.Keys, jose.JSONWebKey{Key: p.verify, KeyID: p.id, Algorithm: string(p.algorithm), Use: "sig"})
		}
	}
	first := set.keys[0]
	for typ, signer := range map[jose.ContentType]*jose.Signer{"JWT": &set.signer, "at+jwt": &set.accessSigner} {
		var err error
		*signer, err = jose.NewSigner(
			jose.SigningKey{Algorithm: first.algorithm, Key: first.sign},
			(&jose.SignerOptions{}).WithType(typ).WithHeader("kid", first.id),
		)
		if err != nil {
			return nil, fmt.Errorf("Tokens.Keys[0]: %w", err)
		}
	}
	return set, nil
}

// find returns the key with the id and the algorithm in the header, or nil. Comparing the
// algorithm prevents that a public key is used as a secret. Access tokens of earlier versions
// have the type JWT.
func (s *keySet) find(header jose.Header) any {
	if typ := header.ExtraHeaders[jose.HeaderType]; typ != "JWT" && typ != "at+jwt" {
		return nil
	}
	for _, key := range s.keys {
		if key.id == header.KeyID && string(key.algorithm) == header.Algorithm {
			return key.verify
		}
	}
	return nil
}

// VerifySignature verifies a token in the compact form (RFC 7515 section 5.2) and returns
// its payload. find returns the key for a header, or nil. A token has one spelling: bits
// that base64url leaves unused are zero.
func VerifySignature(text string, algorithms []jose.SignatureAlgorithm, find func(header jose.Header) any) ([]byte, error) {
	for part := range strings.SplitSeq(text, ".") {
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return nil, token.ErrInvalid
		}
	}
	signed, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil {
		return nil, err
	}
	if len(signed.Signatures) != 1 {
		return nil, token.ErrInvalid
	}
	key := find(signed.Signatures[0].Header)
	if key == nil {
		return nil, token.ErrInvalid
	}
	return signed.Verify(key)
}
