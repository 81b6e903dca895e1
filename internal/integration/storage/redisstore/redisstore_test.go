package redisstore_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/authn"
	"github.com/allauth-go/allauth/internal/integration/testserver"
	"github.com/allauth-go/allauth/ratelimit"
	"github.com/allauth-go/allauth/sessions"
	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/redisstore"
	"github.com/allauth-go/allauth/storage/storetest"
)

// open returns a store with keys of its own, which the end of the test deletes.
// It is nil where there is no server.
func open(t *testing.T) (*redis.Client, *redisstore.Store, string) {
	t.Helper()
	url := testserver.Redis(t)
	if url == "" {
		return nil, nil, ""
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	prefix := "{" + rand.Text() + "}:"
	t.Cleanup(func() {
		keys, err := client.Keys(t.Context(), prefix+"*").Result()
		if err == nil && len(keys) > 0 {
			err = client.Del(t.Context(), keys...).Err()
		}
		_ = err // the context of the test may have ended; keys expire
		_ = client.Close()
	})
	return client, redisstore.New(client, redisstore.KeyPrefix(prefix)), prefix
}

func TestParts(t *testing.T) {
	t.Parallel()
	client, store, _ := open(t)
	if client == nil {
		return
	}
	t.Run("RateLimits", func(t *testing.T) {
		storetest.RateLimits(t, func(*testing.T) ratelimit.Store { return store })
	})
	t.Run("Challenges", func(t *testing.T) {
		storetest.Challenges(t, func(*testing.T) authn.ChallengeStore { return store })
	})
	t.Run("Sessions", func(t *testing.T) {
		storetest.Sessions(t, func(*testing.T) sessions.Store { return store })
	})
}

// TestComposed checks a whole store of which two parts are in Redis.
func TestComposed(t *testing.T) {
	t.Parallel()
	client, store, _ := open(t)
	if client == nil {
		return
	}
	storetest.Run(t, func(*testing.T) storage.Store {
		return storage.Compose(memstore.New(), storage.Parts{Sessions: store, Challenges: store, RateLimits: store})
	}, storetest.Elsewhere("Sessions", "Challenges"))
}

// TestEveryKeyExpires writes a row of every kind and asks Redis how long it
// keeps it: longer than the row is valid, and not for ever.
func TestEveryKeyExpires(t *testing.T) {
	t.Parallel()
	client, store, prefix := open(t)
	if client == nil {
		return
	}
	ctx := t.Context()
	// A clock that is years off must not matter.
	now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	row := sessions.Row{ID: "1", TokenHash: "t", UserID: "u", CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour)}
	c := authn.Challenge{ID: "c", Purpose: "p", UserID: "u", Hash: []byte("h"), MaxAttempts: 3, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	_, err := store.ChargeBuckets(ctx, now, "id", []ratelimit.Bucket{{Key: "k", Amount: 1, Per: time.Hour}})
	for _, err := range []error{err, store.CreateSession(ctx, row), store.CreateChallenge(ctx, c)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func(least, most time.Duration) {
		t.Helper()
		keys, err := client.Keys(ctx, prefix+"*").Result()
		if err != nil || len(keys) != 6 {
			t.Fatalf("%d keys, %v: %q", len(keys), err, keys)
		}
		for _, key := range keys {
			if ttl, err := client.PTTL(ctx, key).Result(); err != nil || ttl < least || ttl > most {
				t.Errorf("%s lives for %v, %v", strings.TrimPrefix(key, prefix), ttl, err)
			}
		}
	}
	check(time.Hour-time.Minute, time.Hour+2*time.Minute)

	row.ExpiresAt, c.ExpiresAt = now.Add(3*time.Hour), now.Add(3*time.Hour)
	if err := store.SaveSession(ctx, row); err != nil {
		t.Fatal(err)
	}
	if err := store.ReplaceChallenge(ctx, c, c.Hash); err != nil {
		t.Fatal(err)
	}
	if err := store.ResetBuckets(ctx, []string{"k"}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ChargeBuckets(ctx, now, "id", []ratelimit.Bucket{{Key: "k", Amount: 1, Per: 3 * time.Hour}}); err != nil {
		t.Fatal(err)
	}
	check(3*time.Hour-time.Minute, 3*time.Hour+2*time.Minute)

	// What is deleted leaves no key behind.
	if err := storage.Compose(memstore.New(), storage.Parts{Sessions: store, Challenges: store}).ForgetUser(ctx, "u"); err != nil {
		t.Fatal(err)
	}
	keys, err := client.Keys(ctx, prefix+"*").Result()
	if err != nil || len(keys) != 1 {
		t.Errorf("keys after ForgetUser: %q, %v", keys, err)
	}
}

// TestIndexesDoNotGrow lets rows expire and looks whether their ids go as well.
func TestIndexesDoNotGrow(t *testing.T) {
	t.Parallel()
	client, store, prefix := open(t)
	if client == nil {
		return
	}
	ctx := t.Context()
	now := time.Now()
	for i := range 20 {
		id := string(rune('a' + i))
		c := authn.Challenge{ID: id, Purpose: "p", UserID: "u", Hash: []byte("h"), MaxAttempts: 3, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		row := sessions.Row{ID: id, TokenHash: id, UserID: "u", CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour)}
		for _, err := range []error{
			store.CreateChallenge(ctx, c), store.CreateSession(ctx, row),
			client.Del(ctx, prefix+"challenge:"+id, prefix+"session:"+id, prefix+"token:"+id).Err(), // as if they had expired
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n, err := client.SCard(ctx, prefix+"challenges:u").Result(); err != nil || n > 1 {
		t.Errorf("the index holds %d challenges, %v", n, err)
	}
	if rows, err := store.SessionsByUser(ctx, "u"); err != nil || len(rows) != 0 {
		t.Errorf("%d sessions, %v", len(rows), err)
	}
	if n, err := client.Exists(ctx, prefix+"sessions:u").Result(); err != nil || n != 0 {
		t.Errorf("the index of sessions is still there, %v", err)
	}
}
