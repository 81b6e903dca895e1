package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/redisstore"
)

// withRedis keeps sessions, challenges and the counters of rate limits in Redis,
// if the file has its URL.
func (s *settings) withRedis(ctx context.Context, store storage.Store) (storage.Store, func(), error) {
	if s.Redis == "" {
		return store, func() {}, nil
	}
	options, err := redis.ParseURL(s.Redis)
	if err != nil {
		// The error of the package may contain the password.
		return nil, nil, errors.New("redis is not a URL like redis://user:password@host:6379/0")
	}
	client := redis.NewClient(options)
	if err := client.Ping(ctx).Err(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("redis: %w", err), client.Close())
	}
	cache := redisstore.New(client)
	store = storage.Compose(store, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
	return store, func() { _ = client.Close() }, nil
}
