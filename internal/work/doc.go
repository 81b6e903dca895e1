// Package work is the unit of work: what one request reads, charges, stores,
// publishes and does afterwards.
//
// A request begins a [Unit], which is in its context, and has four phases:
//
//  1. It reads its input, charges its limits ([Deps.Charge]) and calls the host's
//     functions that check the input.
//  2. It does slow work: hashing, requests to providers.
//  3. It stores everything in one transaction ([Deps.InTx]), the session, the messages
//     and the events included. It reads and compares again what phases 1 and 2 relied on.
//     Nothing in it has an effect outside of the database, because it runs again
//     if it collides with another transaction.
//  4. It refunds attempts and cleans up ([Afterwards]), and publishes its events
//     ([Emit]). Errors in this phase are logged and do not change the answer.
package work
