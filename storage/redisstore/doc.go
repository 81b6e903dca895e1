// Package redisstore keeps in Redis what is written often and needed for a short
// time: the counters of rate limits, challenges and sessions. Everything else
// stays in the base store:
//
//	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379"})
//	cache := redisstore.New(client)
//	store := storage.Compose(base, storage.Parts{Sessions: cache, Challenges: cache, RateLimits: cache})
//
// Each of the three can be used alone. Every key has a time to live, so memory
// does not grow. The client may be one of a Redis Cluster,
// [redis.NewClusterClient]: keys are spread over all nodes.
//
// # What changes
//
// Redis takes no part in the transactions of the base store. The consequences are
// safe:
//
//   - A flow consumes its challenge before its transaction. If the transaction
//     fails, the challenge is still consumed, and the user has to request another
//     one. It can never be used twice.
//   - A challenge that was created in a failed transaction is unusable and
//     expires.
//   - A password change ends the other sessions even if its transaction fails. A
//     session that was opened meanwhile is invalid too, as it has the fingerprint
//     of the old password.
//
// # Steps
//
// A Lua script reads and changes one key in one step. A change of several keys,
// which may be on different nodes, takes several steps, in an order that is safe
// if a server crashes between two of them:
//
//   - To end a session, its row is deleted: the row makes the token valid. The
//     ids that refer to the row are deleted afterwards.
//   - To renew a session, its row is stored under the new token, then the old
//     token is replaced, then the id refers to the new row. A crash ends the
//     session, or leaves it unchanged.
//   - The id of a session or challenge is added to the list of its user before
//     the row is stored, so that deleting everything of a user finds the row.
//   - An attempt is charged to all its counters if none of them is full. If one
//     fills up meanwhile, those after it are refunded. A crash leaves the attempt
//     counted.
//
// # Operation
//
// Redis must not evict keys: set maxmemory-policy to noeviction. A restart
// without persistence loses all keys: users log in again and request new codes. A
// replica that takes over may lack the last writes, and so restore a challenge
// that was just consumed. If that is not acceptable, use WAIT, or keep challenges
// in the base store.
//
// The package requires Redis 6.2 or later.
package redisstore
