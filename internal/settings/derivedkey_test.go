package settings

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"github.com/allauth-go/allauth/internal/tokens"
	"github.com/allauth-go/allauth/sessions/token"
)

func TestDerivedKeysStayTheSame(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"", "RS256", "ES256", "EdDSA", "HS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			first, again, other := derive(t, "secret one", algorithm), derive(t, "secret one", algorithm), derive(t, "secret two", algorithm)
			if !bytes.Equal(first, again) {
				t.Error("one secret makes two keys")
			}
			if bytes.Equal(first, other) {
				t.Error("two secrets make one key")
			}
		})
	}
	if _, err := derivedKey("secret", "RS512"); err == nil {
		t.Error("an unknown algorithm has a key")
	}
}

// derive returns a key as bytes, after it was used to sign.
func derive(t *testing.T, secret, algorithm string) []byte {
	t.Helper()
	key, err := derivedKey(secret, algorithm)
	if err != nil {
		t.Fatal(err)
	}
	if err := tokens.Validate(tokens.WithDefaults((token.Config{Keys: []token.Key{key}, AccessTokenExpiresIn: time.Minute}))); err != nil {
		t.Fatal(err)
	}
	if key.Secret != nil {
		return key.Secret
	}
	der, err := x509.MarshalPKCS8PrivateKey(key.Private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
