package settings

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/chacha20"

	"github.com/allauth-go/allauth/sessions/token"
)

// rsaBits is the size of a derived RSA key.
const rsaBits = 3072

// derivedKey derives a signing key from the secret key, so that all servers with
// the same secret key sign with the same key, also after a restart.
func derivedKey(secretKey, algorithm string) (token.Key, error) {
	seed, err := hkdf.Key(sha256.New, []byte(secretKey), nil, "allauth server: access tokens", ed25519.SeedSize)
	if err != nil {
		return token.Key{}, err
	}
	var private crypto.Signer
	switch algorithm {
	case "HS256":
		return token.Key{Secret: seed}, nil
	case "EdDSA":
		private = ed25519.NewKeyFromSeed(seed)
	case "", "RS256":
		private, err = derivedRSA(seed)
	case "ES256":
		private, err = derivedECDSA(seed)
	default:
		err = fmt.Errorf("jwt_algorithm is %q; use RS256, ES256, EdDSA or HS256", algorithm)
	}
	return token.Key{Private: private}, err
}

// stream is an endless pseudorandom stream, the same for each seed.
type stream struct{ cipher *chacha20.Cipher }

func newStream(seed []byte) (stream, error) {
	cipher, err := chacha20.NewUnauthenticatedCipher(seed, make([]byte, chacha20.NonceSize))
	return stream{cipher}, err
}

// Read implements io.Reader.
func (s stream) Read(p []byte) (int, error) {
	clear(p)
	s.cipher.XORKeyStream(p, p)
	return len(p), nil
}

// derivedRSA draws two primes. The standard library's generator is not
// deterministic on purpose, so it cannot be used.
func derivedRSA(seed []byte) (*rsa.PrivateKey, error) {
	source, err := newStream(seed)
	if err != nil {
		return nil, err
	}
	exponent, one := big.NewInt(65537), big.NewInt(1)
	for {
		p, q := derivedPrime(source, exponent), derivedPrime(source, exponent)
		if p.Cmp(q) == 0 {
			continue
		}
		totient := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		key := &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(exponent.Int64())},
			D:         new(big.Int).ModInverse(exponent, totient), Primes: []*big.Int{p, q},
		}
		key.Precompute()
		return key, key.Validate()
	}
}

// derivedPrime draws a prime of half the key's size whose predecessor is coprime
// to the exponent.
func derivedPrime(source io.Reader, exponent *big.Int) *big.Int {
	text := make([]byte, rsaBits/16)
	one := big.NewInt(1)
	for {
		_, _ = source.Read(text) // a stream has no end
		text[0] |= 0xc0          // so that the product has its full length
		text[len(text)-1] |= 1
		p := new(big.Int).SetBytes(text)
		if !p.ProbablyPrime(20) {
			continue
		}
		if new(big.Int).GCD(nil, nil, exponent, new(big.Int).Sub(p, one)).Cmp(one) == 0 {
			return p
		}
	}
}

// derivedECDSA draws a scalar that is in range; nearly all are.
func derivedECDSA(seed []byte) (*ecdsa.PrivateKey, error) {
	source, err := newStream(seed)
	if err != nil {
		return nil, err
	}
	scalar := make([]byte, 32)
	for range 100 {
		_, _ = source.Read(scalar) // a stream has no end
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("no ECDSA key can be derived from the secret key")
}
