package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keysAge is how long keys are used before they are fetched again.
const keysAge = time.Hour

// keySet is the keys that a provider signs with. Safe for concurrent use.
type keySet struct {
	client *http.Client
	now    func() time.Time
	// url returns where the keys are.
	url func(ctx context.Context) (string, error)

	keys shared[[]jose.JSONWebKey]
	// useless is when a fetch last did not bring the key it was made for, in
	// nanoseconds. For a minute no other is made: tokens with made-up key ids
	// must not turn into a flood of requests.
	useless atomic.Int64
}

// verify returns the payload of a token that one of the keys signed.
// ErrUnavailable if the keys can not be had, ErrInvalid for every other token.
func (s *keySet) verify(ctx context.Context, text string) ([]byte, error) {
	token, err := jose.ParseSignedCompact(text, signingAlgorithms)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	header := token.Signatures[0].Header
	keys, err := s.find(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := token.Verify(key.Public()); err == nil {
			return payload, nil
		}
	}
	return nil, fmt.Errorf("no key verifies the signature: %w", ErrInvalid)
}

// find returns the keys with that id, or all if the token names none.
func (s *keySet) find(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	keys, fetched := s.keys.current()
	known, age := withID(keys, id), s.now().Sub(fetched)
	spared := keys != nil && s.now().Sub(time.Unix(0, s.useless.Load())) < retryAge
	if len(known) > 0 && (age < keysAge || spared && age < staleAge) {
		return known, nil
	}
	if len(known) == 0 && spared {
		return nil, nil
	}
	keys, err := s.keys.refresh(ctx, s.now, s.fetch)
	found := withID(keys, id)
	if len(found) == 0 {
		s.useless.Store(s.now().UnixNano())
	}
	switch {
	case err == nil:
		return found, nil
	case len(known) > 0 && age < staleAge:
		return known, nil
	}
	return nil, err
}

func withID(keys *[]jose.JSONWebKey, id string) []jose.JSONWebKey {
	if keys == nil {
		return nil
	}
	var found []jose.JSONWebKey
	for _, key := range *keys {
		if id == "" || key.KeyID == id {
			found = append(found, key)
		}
	}
	return found
}

// fetch reads the keys that are for signatures, and of a kind we know.
func (s *keySet) fetch(ctx context.Context) (*[]jose.JSONWebKey, error) {
	address, err := s.url(ctx)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := getJSON(ctx, s.client, address, &set); err != nil {
		return nil, err
	}
	keys := []jose.JSONWebKey{}
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(text, &key) == nil && (key.Use == "" || key.Use == "sig") {
			keys = append(keys, key)
		}
	}
	return &keys, nil
}
