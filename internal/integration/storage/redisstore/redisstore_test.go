package redisstore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
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

// server is a Redis server or cluster, and a prefix of key names for one test.
type server struct {
	client redis.UniversalClient
	prefix string
}

// onEach runs a test on the server and on the cluster, if they are here. Keys are
// left to expire.
func onEach(t *testing.T, test func(t *testing.T, s server)) {
	t.Helper()
	t.Parallel()
	for name, address := range map[string]string{"Server": testserver.Redis(t), "Cluster": testserver.RedisCluster(t)} {
		if address == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server{testserver.ConnectRedis(t, address), rand.Text() + ":"}
			t.Cleanup(func() { s.clean(t) })
			test(t, s)
		})
	}
}

func (s server) store() *redisstore.Store {
	return redisstore.New(s.client, redisstore.KeyPrefix(s.prefix))
}

// nodes calls f for the server, or for each node of the cluster.
func (s server) nodes(ctx context.Context, f func(ctx context.Context, node *redis.Client) error) error {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, f)
	}
	return f(ctx, s.client.(*redis.Client))
}

// keys returns the keys of the test by node.
func (s server) keys(t *testing.T, ctx context.Context) map[string][]string {
	t.Helper()
	var mu sync.Mutex
	found := map[string][]string{}
	if err := s.nodes(ctx, func(ctx context.Context, node *redis.Client) error {
		keys, err := node.Keys(ctx, s.prefix+"*").Result()
		mu.Lock()
		defer mu.Unlock()
		found[node.Options().Addr] = keys
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func (s server) all(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, keys := range s.keys(t, t.Context()) {
		all = append(all, keys...)
	}
	return all
}

func (s server) clean(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for _, keys := range s.keys(t, ctx) {
		for _, key := range keys {
			s.client.Del(ctx, key)
		}
	}
}

func TestParts(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store := s.store()
		t.Run("RateLimits", func(t *testing.T) {
			storetest.RateLimits(t, func(*testing.T) ratelimit.Store { return store })
		})
		t.Run("Challenges", func(t *testing.T) {
			storetest.Challenges(t, func(*testing.T) authn.ChallengeStore { return store })
		})
		t.Run("Sessions", func(t *testing.T) {
			storetest.Sessions(t, func(*testing.T) sessions.Store { return store })
		})
	})
}

// TestComposed checks a whole store of which three parts are in Redis.
func TestComposed(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store := s.store()
		storetest.Run(t, func(*testing.T) storage.Store {
			return storage.Compose(memstore.New(), storage.Parts{Sessions: store, Challenges: store, RateLimits: store})
		}, storetest.Elsewhere("Sessions", "Challenges"))
	})
}

// rows returns a session and a challenge of a user.
func rows(id, user string, now time.Time) (sessions.Row, authn.Challenge) {
	return sessions.Row{ID: id, TokenHash: "token-" + id, Kind: "app", UserID: user, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour)},
		authn.Challenge{ID: id, Purpose: "p", UserID: user, Hash: []byte("h"), MaxAttempts: 3, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryKeyExpires writes a row of every kind and asks Redis how long it
// keeps it: longer than the row is valid, and not for ever.
func TestEveryKeyExpires(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx := s.store(), t.Context()
		// A clock that is years off must not matter.
		now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		row, c := rows("1", "u", now)
		_, err := store.ChargeBuckets(ctx, now, "id", []ratelimit.Bucket{{Key: "k", Amount: 1, Per: time.Hour}})
		must(t, err, store.CreateSession(ctx, row), store.CreateChallenge(ctx, c))
		check := func(least, most time.Duration) {
			t.Helper()
			keys := s.all(t)
			if len(keys) != 6 {
				t.Fatalf("%d keys: %q", len(keys), keys)
			}
			for _, key := range keys {
				if ttl, err := s.client.PTTL(ctx, key).Result(); err != nil || ttl < least || ttl > most {
					t.Errorf("%s lives for %v, %v", strings.TrimPrefix(key, s.prefix), ttl, err)
				}
			}
		}
		check(time.Hour-time.Minute, time.Hour+2*time.Minute)

		row.ExpiresAt, c.ExpiresAt = now.Add(3*time.Hour), now.Add(3*time.Hour)
		_, err = store.ChargeBuckets(ctx, now, "id", []ratelimit.Bucket{{Key: "k", Amount: 2, Per: 3 * time.Hour}})
		must(t, err, store.SaveSession(ctx, row, row.Data), store.ReplaceChallenge(ctx, c, c.Hash))
		check(3*time.Hour-time.Minute, 3*time.Hour+2*time.Minute)

		// What is deleted leaves no key behind.
		must(t, storage.Compose(memstore.New(), storage.Parts{Sessions: store, Challenges: store}).ForgetUser(ctx, "u"))
		if keys := s.all(t); len(keys) != 1 {
			t.Errorf("keys after ForgetUser: %q", keys)
		}
	})
}

// Ids whose rows have expired are dropped from the lists of a user.
func TestListsDoNotGrow(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx, now := s.store(), t.Context(), time.Now()
		for i := range 20 {
			row, c := rows(fmt.Sprint(i), "u", now.Add(time.Duration(i)*10*time.Minute))
			must(t, store.CreateSession(ctx, row), store.CreateChallenge(ctx, c))
		}
		for _, list := range []string{"sessions:{u}", "challenges:{u}"} {
			if n, err := s.client.ZCard(ctx, s.prefix+list).Result(); err != nil || n < 6 || n > 8 {
				t.Errorf("%s holds %d ids of rows that live for an hour, one every ten minutes; %v", list, n, err)
			}
		}
	})
}

// The keys of many users lie on every node of a cluster.
func TestKeysAreSpread(t *testing.T) {
	onEach(t, func(t *testing.T, s server) {
		store, ctx, now := s.store(), t.Context(), time.Now()
		for i := range 40 {
			row, c := rows(fmt.Sprint(i), fmt.Sprint("user", i), now)
			_, err := store.ChargeBuckets(ctx, now, "id", []ratelimit.Bucket{{Key: fmt.Sprint("k", i), Amount: 1, Per: time.Hour}})
			must(t, err, store.CreateSession(ctx, row), store.CreateChallenge(ctx, c))
		}
		for node, keys := range s.keys(t, ctx) {
			for _, kind := range []string{"token:", "session:", "sessions:", "challenge:", "challenges:", "rate:"} {
				n := 0
				for _, key := range keys {
					if strings.HasPrefix(key, s.prefix+kind) {
						n++
					}
				}
				if n == 0 {
					t.Errorf("none of 40 keys %s is on %s", kind, node)
				}
			}
		}
	})
}
