package realprovider

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// changingKeys is the provider's storage with a signing key that can be changed.
type changingKeys struct {
	*storage.Storage
	mu  sync.Mutex
	id  string
	key *rsa.PrivateKey
}

type key struct {
	id  string
	key any
}

func (k key) ID() string                                  { return k.id }
func (k key) Key() any                                    { return k.key }
func (k key) Use() string                                 { return "sig" }
func (k key) Algorithm() jose.SignatureAlgorithm          { return jose.RS256 }
func (k key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }

func (k *changingKeys) change(t testing.TB, id string) {
	t.Helper()
	fresh, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.id, k.key = id, fresh
}

// SigningKey implements op.Storage.
func (k *changingKeys) SigningKey(context.Context) (op.SigningKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return key{k.id, k.key}, nil
}

// KeySet implements op.Storage.
func (k *changingKeys) KeySet(context.Context) ([]op.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return []op.Key{key{k.id, &k.key.PublicKey}}, nil
}
