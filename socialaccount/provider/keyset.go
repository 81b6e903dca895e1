package provider

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// keysAge is how long keys are used before they are fetched again, refetch
	// how long a key that is not among them must wait for another look: tokens
	// with made-up key ids must not turn into a flood of requests.
	keysAge = time.Hour
	refetch = 10 * time.Second
)

// keySet is the keys that a provider signs with. It implements oidc.KeySet and
// is safe for concurrent use.
type keySet struct {
	client *http.Client
	now    func() time.Time
	// url returns where the keys are.
	url func(ctx context.Context) (string, error)

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time
}

// VerifySignature returns the payload of a token that one of the keys signed.
func (s *keySet) VerifySignature(ctx context.Context, text string) ([]byte, error) {
	token, err := jose.ParseSignedCompact(text, signingAlgorithms)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	id := token.Signatures[0].Header.KeyID
	keys, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if payload, err := token.Verify(key.Public()); err == nil {
			return payload, nil
		}
	}
	return nil, fmt.Errorf("no key verifies the signature: %w", ErrInvalid)
}

// find returns the keys with that id, or all if the token names none.
func (s *keySet) find(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.withID(id)
	age := s.now().Sub(s.fetched)
	if len(known) > 0 && age < keysAge || s.keys != nil && age < refetch {
		return known, nil
	}
	if err := s.fetch(ctx); err != nil {
		if len(known) > 0 {
			return known, nil
		}
		return nil, err
	}
	return s.withID(id), nil
}

func (s *keySet) withID(id string) []jose.JSONWebKey {
	var found []jose.JSONWebKey
	for _, key := range s.keys {
		if id == "" || key.KeyID == id {
			found = append(found, key)
		}
	}
	return found
}

func (s *keySet) fetch(ctx context.Context) error {
	address, err := s.url(ctx)
	if err != nil {
		return err
	}
	var set jose.JSONWebKeySet
	if err := getJSON(ctx, s.client, address, &set); err != nil {
		return err
	}
	s.keys = []jose.JSONWebKey{}
	for _, key := range set.Keys {
		if key.Use == "" || key.Use == "sig" {
			s.keys = append(s.keys, key)
		}
	}
	s.fetched = s.now()
	return nil
}
