// Package faults lets each way into an account meet each fault in turn, in tests:
// a transaction that collides, a store that fails once, and functions of the host
// that use the database.
package faults
