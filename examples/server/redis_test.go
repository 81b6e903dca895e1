package main

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/allauth-go/allauth/cmd/allauth/connect"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/storage/memstore"
)

func TestRedisIsOpened(t *testing.T) {
	t.Parallel()
	address := testserver.Redis(t)
	if address == "" {
		return
	}
	base := memstore.New()
	store, closeRedis, err := connect.Redis(t.Context(), base, address)
	if err != nil {
		t.Fatal(err)
	}
	defer closeRedis()
	now, bucket := time.Now(), []ratelimit.Bucket{{Key: rand.Text(), Amount: 1, Per: time.Minute}}
	if _, err := store.ChargeBuckets(t.Context(), now, "attempt", bucket); err != nil {
		t.Fatal(err)
	}
	if refusal, err := base.PeekBuckets(t.Context(), now, bucket); refusal != nil || err != nil {
		t.Errorf("rate limits are in the main store, not in Redis: %v, %v", refusal, err)
	}
	if err := store.DeleteSession(t.Context(), "1"); err != nil {
		t.Error(err)
	}
}

func TestABadRedisIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"localhost:6379", "redis://a:secret@b:c", "redis://a:secret@127.0.0.1:1/0"} {
		_, _, err := connect.Redis(t.Context(), memstore.New(), address)
		if err == nil || !strings.HasPrefix(err.Error(), "redis") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
