// Package work is the unit of work: what one request reads, charges, stores,
// announces and leaves to do afterwards.
//
// A request begins a [Unit], which its context carries, and does what it has to
// in this order:
//
//  1. It reads its input, charges its limits ([Deps.Charge]) and calls the host's
//     functions that judge the input.
//  2. It does what is slow: hashing, calls to providers.
//  3. It stores everything in one transaction ([Deps.InTx]), the session and the
//     messages included. What was relied on before is read and compared again.
//     Nothing in it has an effect outside of the database, because it is tried
//     again when it collides with another transaction.
//  4. Afterwards it refunds attempts and cleans up ([Afterwards]), and its events
//     go to the host ([Emit]). What fails then is logged, and does not change the
//     answer.
package work
