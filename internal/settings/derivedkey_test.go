package settings

import (
	"bytes"
	"crypto/ed25519"
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

// After a rotation the key of the new secret signs, and that of the earlier one verifies.
func TestEarlierSecretKeysStayValid(t *testing.T) {
	t.Parallel()
	file := File{SecretKey: "the new secret key, of thirty-two", SecretKeyFallbacks: []string{"the earlier key, of thirty-two by"}}
	file.Headless.TokenStrategy, file.Headless.Algorithm = "jwt", "EdDSA"
	config, err := file.Config()
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Secrets) != 2 || string(config.Secrets[0]) != file.SecretKey || string(config.Secrets[1]) != file.SecretKeyFallbacks[0] {
		t.Errorf("secrets: %q", config.Secrets)
	}
	if len(config.Tokens.Keys) != 2 {
		t.Fatalf("%d keys", len(config.Tokens.Keys))
	}
	for i, secret := range []string{file.SecretKey, file.SecretKeyFallbacks[0]} {
		if want, err := derivedKey(secret, "EdDSA"); err != nil || !want.Private.Public().(ed25519.PublicKey).Equal(config.Tokens.Keys[i].Private.Public()) {
			t.Errorf("key %d is not that of %q: %v", i, secret, err)
		}
	}
}
