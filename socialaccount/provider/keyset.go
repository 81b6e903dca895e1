package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keysAge is how long keys are used before they are fetched again.
const keysAge = time.Hour

// keySet holds the public keys of a provider. It is safe for concurrent use.
type keySet struct {
	client *http.Client
	now    func() time.Time
	logger *slog.Logger
	// url returns the URL of the keys.
	url func(ctx context.Context) (string, error)

	keys shared[[]jose.JSONWebKey]
	// lastMiss is when a fetch last did not return the wanted key, in nanoseconds.
	// No other fetch is made for a minute, so that forged tokens cannot cause a
	// flood of requests.
	lastMiss atomic.Int64
}

// verify returns the payload of a token that one of the keys signed. It returns
// ErrUnavailable if the keys cannot be fetched, and ErrInvalid for any other
// token.
func (s *keySet) verify(ctx context.Context, text string) ([]byte, error) {
	token, err := jose.ParseSignedCompact(text, signingAlgorithms)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	known, fetched := s.keys.current()
	age, spared := s.now().Sub(fetched), s.now().Sub(time.Unix(0, s.lastMiss.Load())) < retryAge
	usable := known != nil && age < staleAge
	if usable && (age < keysAge || spared) {
		payload, err := signedBy(*known, token)
		if err == nil || spared {
			return payload, err
		}
	}
	// The key may be new, even if it has the id of another one or none.
	fresh, err := s.keys.refresh(ctx, s.now, s.fetch)
	if err == nil {
		var payload []byte
		if payload, err = signedBy(*fresh, token); err == nil {
			return payload, nil
		}
	}
	s.lastMiss.Store(s.now().UnixNano())
	if usable && errors.Is(err, ErrUnavailable) {
		if payload, err := signedBy(*known, token); err == nil {
			return payload, nil
		}
	}
	return nil, err
}

// signedBy returns the payload of a token that one of the keys signed. If the token
// has a kid, keys with another one are not tried.
func signedBy(keys []jose.JSONWebKey, token *jose.JSONWebSignature) ([]byte, error) {
	header := token.Signatures[0].Header
	for _, key := range keys {
		if header.KeyID != "" && key.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := token.Verify(key.Public()); err == nil {
			return payload, nil
		}
	}
	return nil, fmt.Errorf("no key verifies the signature: %w", ErrInvalid)
}

// fetch fetches the keys that are for signatures and of a supported type.
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
		key, unreadable, err := readKey(text)
		if len(unreadable) > 0 {
			s.logger.WarnContext(ctx, "a key of the provider has members that cannot be read", "url", address, "kid", key.KeyID, "members", unreadable)
		}
		if err == nil && (key.Use == "" || key.Use == "sig") {
			keys = append(keys, key)
		}
	}
	return &keys, nil
}
