// Package redisstore keeps in Redis what is written often and forgotten soon:
// the counters of rate limits, one-time challenges and sessions. Everything
// else stays in the main store:
//
//	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
//	cache := redisstore.New(client)
//	store := storage.Compose(base, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
//
// Each of the three may be used alone. Every key has a time to live, so nothing
// grows. The client may be one of a Redis Cluster, [redis.NewClusterClient]: keys
// are spread over all nodes.
//
// # What changes
//
// Redis takes no part in the main store's transactions. The library is written
// so that the difference is on the safe side:
//
//   - A flow consumes its challenge before it writes. Where the transaction
//     fails afterwards the secret is used up all the same, and the user asks for
//     another one. It never works twice.
//   - A challenge that was made in a transaction that failed leads nowhere and
//     expires.
//   - A password change ends the other sessions even if its transaction fails
//     afterwards. A session that was opened meanwhile ends all the same, as it
//     carries the fingerprint of the old password.
//
// # Steps
//
// A Lua script reads and changes one key in one step. What concerns several keys,
// which may be on different nodes, is several steps in an order that keeps it safe
// when a server crashes in between:
//
//   - A session is ended by deleting its row, which is what its token leads to.
//     Ids that lead to the row are deleted afterwards.
//   - A session that gets another token is stored under it, then the old token is
//     replaced, then its id leads to the new one. A crash ends the session, or
//     leaves it as it was.
//   - The id of a session or challenge is listed under its user before the row is
//     stored, so that what ends everything of a user finds it.
//   - An attempt is charged to all its counters if none of them is full; where one
//     fills up meanwhile, those after it are refunded. A crash leaves the attempt
//     counted.
//
// # Operation
//
// Redis must not evict keys: set maxmemory-policy to noeviction. What it loses
// in a restart without persistence is lost: users log in again, and codes have
// to be asked for again. A replica that takes over may lack the last writes,
// and so bring back a challenge that was consumed a moment before; use WAIT or
// keep challenges in the main store where that matters.
//
// From Redis 6.2.
package redisstore
