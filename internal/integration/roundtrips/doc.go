// Package roundtrips counts the round trips to the database of each operation,
// and compares them with docs/performance.md.
package roundtrips
