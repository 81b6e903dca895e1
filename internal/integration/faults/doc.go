// Package faults combines, in tests, each request that logs in or changes an
// account with each fault: a transaction that collides, a store that fails once,
// and functions of the host that use the database.
package faults
