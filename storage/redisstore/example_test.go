package redisstore_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/allauth-go/allauth/storage"
	"github.com/allauth-go/allauth/storage/memstore"
	"github.com/allauth-go/allauth/storage/redisstore"
)

// Sessions, challenges and the counters of rate limits are kept in Redis,
// everything else in the base store.
func Example() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
	defer client.Close()
	cache := redisstore.New(client)
	store := storage.Compose(memstore.New(), storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
	fmt.Println(store != nil)
	// Output: true
}
