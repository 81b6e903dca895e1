package main

import (
	"strings"
	"testing"

	"github.com/allauth-go/allauth"
	"github.com/allauth-go/allauth/internal/testserver"
	"github.com/allauth-go/allauth/storage/memstore"
)

func TestRedisIsOpened(t *testing.T) {
	t.Parallel()
	address := testserver.Redis(t)
	if address == "" {
		return
	}
	var config allauth.Config
	store, closeRedis, err := (&settings{Redis: address}).withRedis(t.Context(), memstore.New(), &config)
	if err != nil {
		t.Fatal(err)
	}
	defer closeRedis()
	if config.RateLimitStore == nil {
		t.Error("rate limits are not in Redis")
	}
	if err := store.DeleteSession(t.Context(), "1"); err != nil {
		t.Error(err)
	}
}

func TestABadRedisIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"localhost:6379", "redis://a:secret@b:c", "redis://a:secret@127.0.0.1:1/0"} {
		_, _, err := (&settings{Redis: address}).withRedis(t.Context(), memstore.New(), &allauth.Config{})
		if err == nil || !strings.HasPrefix(err.Error(), "redis") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
