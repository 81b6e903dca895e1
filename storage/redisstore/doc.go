// Package redisstore keeps in Redis what is written often and forgotten soon:
// the counters of rate limits, one-time challenges and sessions. Everything
// else stays in the main store:
//
//	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
//	cache := redisstore.New(client)
//	store := storage.Compose(base, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
//
// Each of the three may be used alone. Every key has a time to live, so nothing
// grows. What must happen in one step happens in one Lua script.
//
// # What changes
//
// Redis takes no part in the main store's transactions. The library is written
// so that the difference is on the safe side:
//
//   - A flow consumes its challenge before it writes. Where the transaction
//     fails afterwards the secret is used up all the same, and its owner asks
//     for another one. It never works twice.
//   - A challenge that was made in a transaction that failed leads nowhere and
//     expires.
//   - A password change ends the other sessions even if its transaction fails
//     afterwards. A session that was opened meanwhile is dead all the same, as
//     it carries the fingerprint of the old password.
//
// Redis must not evict keys: set maxmemory-policy to noeviction. What it loses
// in a restart without persistence is lost: people log in again, and codes have
// to be asked for again. A replica that takes over may lack the last writes,
// and so bring back a challenge that was consumed a moment before; use WAIT or
// keep challenges in the main store where that matters.
//
// From Redis 6.2. On a Redis Cluster all keys live in one slot, that of the
// hash tag in the key prefix.
package redisstore
